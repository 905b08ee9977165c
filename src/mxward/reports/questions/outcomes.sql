-- What would have been done, how often, and why.
SELECT door, action, reason, count(*) AS recipients, count(DISTINCT message) AS messages,
    count(DISTINCT client) AS clients, count(DISTINCT domain) AS domains
FROM judged
GROUP BY door, action, reason
ORDER BY recipients DESC, door, action, reason
