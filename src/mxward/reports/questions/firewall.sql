-- What a firewall on port 25 does that lets in the networks of `let_in` and nobody else: it knows
-- neither domains nor who authenticates. A log that does not tell ports tells of port 25, unless
-- the client has authenticated.
WITH inside AS (
    SELECT DISTINCT c.client
    FROM (SELECT DISTINCT client, client_key FROM judged) AS c
    JOIN let_in AS l ON c.client_key BETWEEN l.first_key AND l.last_key
)
SELECT
    j.door,
    j.reason,
    CASE WHEN h.client IS NULL THEN FALSE ELSE TRUE END AS honest,
    CASE WHEN i.client IS NULL
        AND coalesce(j.interface_port, CASE WHEN j.authenticated <> '' THEN 587 ELSE 25 END) = 25
        THEN TRUE ELSE FALSE END AS stopped,
    count(*) AS recipients
FROM judged AS j
LEFT JOIN inside AS i ON j.client = i.client
LEFT JOIN honest AS h ON j.client = h.client
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
