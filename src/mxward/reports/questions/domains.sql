-- The domains with the most mail by the back door, and by how many clients it came.
SELECT
    domain,
    sum(CASE WHEN door = 'back' THEN 1 ELSE 0 END) AS back,
    sum(CASE WHEN door = 'front' THEN 1 ELSE 0 END) AS front,
    count(DISTINCT CASE WHEN door = 'back' THEN client END) AS clients
FROM judged
WHERE door IN ('back', 'front', 'unknown')
GROUP BY domain
HAVING sum(CASE WHEN door = 'back' THEN 1 ELSE 0 END) > 0
ORDER BY back DESC, domain
LIMIT :most
