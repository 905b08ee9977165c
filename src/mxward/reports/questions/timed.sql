-- Arrivals with the number of the time they are from: which trust and which front door was in force.
SELECT a.*, e.epoch * :doors + coalesce(s.door, 0) AS epoch
FROM arrivals AS a
JOIN epochs AS e ON a.arrived_at >= e.since AND a.arrived_at < e.until
LEFT JOIN spans AS s ON a.recipient_key = s.recipient_key
    AND a.arrived_at >= s.since AND a.arrived_at < s.until
