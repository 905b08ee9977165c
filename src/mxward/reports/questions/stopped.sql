-- What would not have passed: one row for each client, domain and action.
SELECT client, domain, action, reason, count(*) AS recipients, count(DISTINCT message) AS messages,
    min(arrived_at) AS first_at, max(arrived_at) AS last_at
FROM noted
WHERE action <> 'pass'
GROUP BY client, domain, action, reason
ORDER BY recipients DESC, client, domain, action, reason
LIMIT :most
