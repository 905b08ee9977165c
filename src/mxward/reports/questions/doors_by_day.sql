-- Messages and recipients by door and by day.
SELECT day, door, count(DISTINCT message) AS messages, count(*) AS recipients
FROM judged
GROUP BY day, door
ORDER BY day, door
