-- What would not have passed of clients that look honest, one by one.
SELECT n.arrived_at, n.client, n.name, n.helo, n.sender, n.recipient, n.size, n.message,
    n.action, n.reason, n.mx_failed, n.host, n.log, n.line
FROM noted AS n
JOIN honest AS h ON n.client = h.client
WHERE n.action <> 'pass'
ORDER BY n.arrived_at, n.client_key, n.recipient, n.log, n.line
LIMIT :most
