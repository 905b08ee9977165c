-- What there is in all.
SELECT
    count(*) AS "rows",
    count(DISTINCT message) AS messages,
    count(CASE WHEN outcome = 'accepted' THEN 1 END) AS accepted,
    count(CASE WHEN outcome = 'accepted' AND client IS NULL THEN 1 END) AS local,
    count(CASE WHEN outcome = 'accepted' AND client IS NOT NULL AND recipient_key IS NULL
        THEN 1 END) AS unknown_recipients,
    min(arrived_at) AS first_at,
    max(arrived_at) AS last_at
FROM arrivals
