-- Every accepted arrival with what the rule says of it.
SELECT k.*, v.domain, v.door, v.action, v.reason
FROM keyed AS k
JOIN verdicts AS v
    ON k.key_client = v.key_client
    AND k.key_server = v.key_server
    AND k.key_recipient = v.key_recipient
    AND k.key_authenticated = v.key_authenticated
    AND k.key_sender = v.key_sender
    AND k.key_name = v.key_name
    AND k.key_epoch = v.key_epoch
