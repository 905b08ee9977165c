-- Each distinct key of a decision once, and for how many recipients it stands.
SELECT
    key_client, key_server, key_recipient, key_authenticated, key_sender, key_name, key_epoch,
    count(*) AS recipients
FROM keyed
GROUP BY
    key_client, key_server, key_recipient, key_authenticated, key_sender, key_name, key_epoch
