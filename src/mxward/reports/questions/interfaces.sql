-- Where clients have connected to.
SELECT interface, count(*) AS recipients
FROM arrivals
WHERE interface IS NOT NULL AND outcome = 'accepted'
GROUP BY interface
ORDER BY recipients DESC, interface
