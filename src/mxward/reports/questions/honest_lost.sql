-- How much of what would not have passed came from clients that look honest.
SELECT count(*) AS recipients, count(DISTINCT j.message) AS messages
FROM judged AS j
JOIN honest AS h ON j.client = h.client
WHERE j.action <> 'pass'
