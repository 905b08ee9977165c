-- What the clients of the back door have called themselves.
SELECT client, helo, count(*) AS recipients
FROM back
WHERE helo IS NOT NULL
GROUP BY client, helo
ORDER BY client, recipients DESC, helo
