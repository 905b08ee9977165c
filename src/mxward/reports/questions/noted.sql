-- What is looked at closely: what came by the back door, and what would not have passed.
SELECT *
FROM judged
WHERE client IN (SELECT v.key_client FROM verdicts AS v WHERE v.door = 'back' OR v.action <> 'pass')
    AND (door = 'back' OR action <> 'pass')
