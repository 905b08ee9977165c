-- What came by the back door for each domain, of clients that look honest or not, trusted or not.
SELECT
    b.domain,
    CASE WHEN h.client IS NULL THEN FALSE ELSE TRUE END AS honest,
    CASE WHEN b.reason = 'trusted' THEN TRUE ELSE FALSE END AS trusted,
    count(*) AS recipients
FROM back AS b
LEFT JOIN honest AS h ON b.client = h.client
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
