-- From and for which domains the clients that look honest have brought mail by the back door,
-- untrusted.
SELECT b.client, b.domain, b.sender_domain, count(*) AS recipients
FROM back AS b
JOIN honest AS h ON b.client = h.client
WHERE b.reason <> 'trusted'
GROUP BY b.client, b.domain, b.sender_domain
ORDER BY b.client, b.domain, b.sender_domain
