-- Whom a firewall shuts out that lets in the networks of `let_in` and nobody else, at the `ports` of
-- the `servers`: all whose mail was accepted there, but for those by the back door who do not look
-- honest. A log that does not tell ports tells of port 25, unless the client has authenticated; one
-- that does not tell addresses, of these.
WITH inside AS (
    SELECT DISTINCT c.client
    FROM (SELECT DISTINCT client, client_key FROM judged) AS c
    JOIN let_in AS l ON c.client_key BETWEEN l.first_key AND l.last_key
),
elsewhere AS (
    SELECT DISTINCT c.interface_key
    FROM (SELECT DISTINCT interface_key FROM judged) AS c
    LEFT JOIN servers AS s ON c.interface_key BETWEEN s.first_key AND s.last_key
    WHERE s.first_key IS NULL
)
SELECT
    j.client,
    j.door,
    j.reason,
    min(coalesce(j.domain, '')) AS domain,
    count(*) AS recipients,
    count(DISTINCT j.day) AS days,
    max(j.arrived_at) AS last_at
FROM judged AS j
LEFT JOIN inside AS i ON j.client = i.client
LEFT JOIN elsewhere AS e ON j.interface_key = e.interface_key
LEFT JOIN honest AS h ON j.client = h.client
JOIN ports AS p
    ON coalesce(j.interface_port, CASE WHEN j.authenticated <> '' THEN 587 ELSE 25 END) = p.port
WHERE i.client IS NULL
    AND e.interface_key IS NULL
    AND (j.door <> 'back' OR j.reason = 'trusted' OR h.client IS NOT NULL)
GROUP BY j.client, j.door, j.reason
ORDER BY recipients DESC, j.client, j.reason
