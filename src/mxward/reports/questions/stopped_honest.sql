-- What would not have passed of clients that look honest, one by one.
SELECT j.arrived_at, j.client, j.name, j.helo, j.sender, j.recipient, j.size, j.message,
    j.action, j.reason, j.mx_failed, j.host, j.log, j.line
FROM judged AS j
JOIN honest AS h ON j.client = h.client
WHERE j.action <> 'pass'
ORDER BY j.arrived_at, j.client_key, j.recipient
LIMIT :most
