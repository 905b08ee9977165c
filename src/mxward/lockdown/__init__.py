"""Write: inventory + front doors -> rules for other programs, that an operator reviews and applies.

sealing     one domain: whom its mail is taken from, and what is done with everybody else's
groups      domains for which the same rule holds, under a name that stays
ledger      what the last run wrote, and so which rules stay where a front door cannot be known
plan        all of it: what every way is written from
written     files, the steps to apply, check and roll back, and what to know

Pure: the same inventory and front doors give the same octets.

Nothing that is written here may grant anything: it warns, defers and denies. To pass is to fall
through to the mail server's own rules, never to be accepted.
"""
