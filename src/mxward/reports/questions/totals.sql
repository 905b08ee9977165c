-- What there is in all.
SELECT
    count(*) AS "rows",
    count(DISTINCT message) AS messages,
    coalesce(sum(CASE WHEN outcome = 'accepted' THEN 1 ELSE 0 END), 0) AS accepted,
    coalesce(sum(CASE WHEN outcome = 'accepted' AND client IS NULL THEN 1 ELSE 0 END), 0) AS local,
    coalesce(sum(CASE WHEN outcome = 'accepted' AND client IS NOT NULL AND recipient_key IS NULL
        THEN 1 ELSE 0 END), 0) AS unknown_recipients,
    min(arrived_at) AS first_at,
    max(arrived_at) AS last_at
FROM arrivals
