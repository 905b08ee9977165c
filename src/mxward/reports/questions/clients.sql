-- Who uses the back door, with the evidence of what kind of client it is.
WITH came AS (
    SELECT
        client,
        max(name) AS name,
        count(*) AS recipients,
        count(DISTINCT message) AS messages,
        count(DISTINCT day) AS days,
        min(arrived_at) AS first_at,
        max(arrived_at) AS last_at,
        count(DISTINCT nullif(sender_domain, '')) AS sender_domains,
        count(DISTINCT domain) AS domains,
        min(size) AS smallest,
        max(size) AS largest,
        count(CASE WHEN tls <> '' OR protocol IN ('smtps', 'smtpsa', 'esmtps', 'esmtpsa') THEN 1 END)
            AS with_tls,
        count(CASE WHEN tls = '' THEN 1 END) AS without_tls,
        count(CASE WHEN reason = 'trusted' THEN 1 END) AS trusted
    FROM back
    GROUP BY client
),
elsewhere AS (
    SELECT
        client,
        count(CASE WHEN outcome = 'accepted' AND authenticated <> '' THEN 1 END)
            AS authenticated,
        count(CASE WHEN outcome = 'rejected' THEN 1 END) AS rejected
    FROM attempts
    GROUP BY client
)
SELECT
    c.*,
    coalesce(e.authenticated, 0) AS authenticated,
    coalesce(e.rejected, 0) AS rejected
FROM came AS c
LEFT JOIN elsewhere AS e ON c.client = e.client
ORDER BY c.recipients DESC, c.client
