-- The domains with the most mail by the back door, and from how many clients.
SELECT domain, count(*) AS recipients, count(DISTINCT message) AS messages,
    count(DISTINCT client) AS clients
FROM back
GROUP BY domain
ORDER BY recipients DESC, domain
LIMIT :most
