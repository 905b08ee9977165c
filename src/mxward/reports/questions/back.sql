-- What came by the back door, with what the questions about clients need of it.
SELECT
    client, client_key, name, helo, message, day, arrived_at, sender_domain, domain, size, tls,
    action, reason
FROM judged
WHERE door = 'back'
