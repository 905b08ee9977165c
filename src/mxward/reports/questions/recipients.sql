-- Whose front doors decisions may need, and from when to when: the domains, and what hides them.
SELECT recipient_key, min(arrived_at) AS first_at, max(arrived_at) AS last_at
FROM arrivals
WHERE outcome = 'accepted' AND client IS NOT NULL AND recipient_key IS NOT NULL
    AND coalesce(authenticated, '') = ''
GROUP BY recipient_key
