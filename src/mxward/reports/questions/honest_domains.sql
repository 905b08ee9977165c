-- For which domains the clients that look honest have brought mail by the back door, untrusted.
SELECT b.client, b.domain, count(*) AS recipients
FROM back AS b
JOIN honest AS h ON b.client = h.client
WHERE b.reason <> 'trusted'
GROUP BY b.client, b.domain
ORDER BY b.client, recipients DESC, b.domain
