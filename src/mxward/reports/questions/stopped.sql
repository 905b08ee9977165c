-- What would not have passed: one row for each client, domain and action.
SELECT client, max(client_key) AS client_key, domain, action, reason,
    count(*) AS recipients, count(DISTINCT message) AS messages,
    min(arrived_at) AS first_at, max(arrived_at) AS last_at
FROM judged
WHERE action <> 'pass'
GROUP BY client, domain, action, reason
ORDER BY recipients DESC, client_key, domain
LIMIT :most
