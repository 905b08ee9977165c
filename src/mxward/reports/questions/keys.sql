-- Each distinct key of a decision once, for how many recipients it stands, and from when to when.
SELECT
    key_client, key_server, key_recipient, key_authenticated, key_sender, key_name, key_epoch,
    count(*) AS recipients, min(arrived_at) AS first_at, max(arrived_at) AS last_at
FROM keyed
GROUP BY
    key_client, key_server, key_recipient, key_authenticated, key_sender, key_name, key_epoch
