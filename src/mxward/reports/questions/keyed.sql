-- Arrivals that were accepted from a client, each with what its decision depends on (`key_...`).
-- Who has authenticated passes whoever it is, so all of them share one key. Where a log has no name
-- of a client, that is not asked: Postfix says `unknown` for look-ups that failed as well.
SELECT
    a.*,
    CASE WHEN a.authenticated <> '' THEN '' ELSE a.client END AS key_client,
    CASE WHEN :by_server AND coalesce(a.authenticated, '') = ''
        THEN coalesce(a.interface, '') ELSE '' END AS key_server,
    CASE WHEN a.authenticated <> '' THEN '' ELSE a.recipient_key END AS key_recipient,
    CASE WHEN a.authenticated <> '' THEN 'yes' ELSE '' END AS key_authenticated,
    CASE WHEN :by_sender AND coalesce(a.authenticated, '') = ''
        THEN coalesce(a.sender_domain, '') ELSE '' END AS key_sender,
    CASE WHEN :by_name AND coalesce(a.authenticated, '') = ''
        THEN coalesce(a.name, '') ELSE '' END AS key_name,
    CASE WHEN a.authenticated <> '' THEN 0 ELSE a.epoch END AS key_epoch
FROM timed AS a
WHERE a.outcome = 'accepted' AND a.client IS NOT NULL AND a.recipient_key IS NOT NULL
