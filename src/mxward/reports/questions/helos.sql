-- What the clients of the back door have called themselves.
SELECT client, helo, count(*) AS recipients
FROM judged
WHERE door = 'back' AND helo IS NOT NULL
GROUP BY client, helo
