-- What would not have passed, and how much of it came from clients that look honest.
SELECT n.door, n.action, n.reason, CASE WHEN h.client IS NULL THEN FALSE ELSE TRUE END AS honest,
    count(*) AS recipients, count(DISTINCT n.message) AS messages
FROM noted AS n
LEFT JOIN honest AS h ON n.client = h.client
WHERE n.action <> 'pass'
GROUP BY 1, 2, 3, 4
