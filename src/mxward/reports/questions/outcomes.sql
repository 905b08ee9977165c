-- What would have been done, how often, and why.
SELECT door, action, reason, CAST(sum(recipients) AS BIGINT) AS recipients,
    count(DISTINCT key_client) AS clients, count(DISTINCT domain) AS domains
FROM verdicts
GROUP BY door, action, reason
ORDER BY recipients DESC, door, action, reason
