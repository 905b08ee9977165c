-- All that clients have tried: an Exim rejectlog repeats what its main log says, so its lines count
-- only where no main log has them.
SELECT client, outcome, authenticated
FROM arrivals
WHERE client IS NOT NULL AND NOT copy AND (outcome <> 'accepted' OR authenticated <> '')
UNION ALL
SELECT c.client, c.outcome, c.authenticated
FROM arrivals AS c
LEFT JOIN (
    SELECT DISTINCT a.arrived_at, a.client,
        coalesce(a.sender, '') AS sender, coalesce(a.recipient, '') AS recipient
    FROM arrivals AS a
    WHERE a.outcome <> 'accepted' AND NOT a.copy
) AS m
    ON c.arrived_at = m.arrived_at AND c.client = m.client
    AND coalesce(c.sender, '') = m.sender AND coalesce(c.recipient, '') = m.recipient
WHERE c.client IS NOT NULL AND c.copy AND c.outcome <> 'accepted' AND m.arrived_at IS NULL
