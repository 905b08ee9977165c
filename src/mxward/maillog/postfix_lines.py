"""The shapes of Postfix's log lines, as smtpd, cleanup, qmgr, the delivery agents and postscreen
write them.

Checked against the sources of 3.12 and a running 3.7. All are over octets and anchored. Postfix
puts `?` for what does not print, but senders, recipients, HELOs and what the client was told may
hold anything else, `; from=<` as well. So what tells the client stands left of all that. What a
client had said is read from the first place where it may begin, to the end: no field has a
semicolon after it, so what somebody put there earlier makes the line match nothing; and a line in
which the beginning comes twice is not read at all. Addresses are in their external form (quoted
where they have to be), as since 3.5; of the internal form only the domain of the last is sure.
"""

from __future__ import annotations

import re

from mxward.maillog.octets import IPV4

__all__ = [
    "BEFORE_FIELDS",
    "BY_CLEANUP",
    "BY_POSTSCREEN",
    "BY_PROXY",
    "CERTIFICATE",
    "CLIENT",
    "DAEMON",
    "DAEMONS",
    "FORWARDED",
    "FROM",
    "FROM_ODD",
    "HEAD",
    "ID",
    "NOTIFIED",
    "NO_ID",
    "OF_POSTFIX",
    "ONE_PEER",
    "PICKED_UP",
    "QUEUE_ID",
    "RETURNED",
    "SAID",
    "TLS",
    "TO",
    "TOLD_AND_SAID",
    "TOO_BIG",
    "TOO_MANY",
    "TURNED_AWAY",
]

DAEMONS = frozenset(
    b"smtpd cleanup qmgr oqmgr nqmgr pickup postscreen master tlsproxy dnsblog anvil scache verify"
    b" trivial-rewrite tlsmgr proxymap showq flush postlogd postqueue postsuper sendmail postdrop"
    b" qmqpd defer trace postalias postmap postfix-script postmulti postcat postlog smtp lmtp relay"
    b" local virtual pipe error discard bounce retry spawn".split()
)
OF_POSTFIX = re.compile(rb"postfix[^/]*(?:/.*)?\Z|(?:[^/]+/)+(?:%s)\Z" % b"|".join(sorted(DAEMONS)))
"""Names that begin with `postfix`, or, where `syslog_name` is another, end with a daemon's."""

# Short ids are hexadecimal; long ones have no vowels, so neither is a word.
QUEUE_ID = rb"[0-9A-F]{6,24}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{12,32}"
NO_ID = b"NOQUEUE"
ID = re.compile(rb"(%s|NOQUEUE): " % QUEUE_ID)
_STAMP = (
    rb"[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_NAME = rb"[^][ :()<>=,/\x00-\x1f]{1,64}/"
HEAD = re.compile(rb"(?:<[0-9]{1,3}>)?(%s) ([^ \x00-\x1f]{1,255}) %s" % (_STAMP, _NAME))
"""When, and who. Most lines have the same as the line before."""
DAEMON = re.compile(
    rb"(?:%s)?([a-z-]{1,20})\[([0-9]{1,10})\]: (?:(%s|NOQUEUE): )?" % (_NAME, QUEUE_ID)
)
"""Which daemon and process, and of which message."""

_ADDRESS = rb'(?:"[^"\\]*(?:\\.[^"\\]*)*"@)?[^<>"]*'
_PEER = rb"(([^][ ]*)\[([0-9A-Fa-f.:]+)\](?::([0-9]{1,5}))?)"
"""All of it, name, address and, with `smtpd_client_port_logging`, port."""

ONE_PEER = re.compile(rb"([^][ ]*)\[(?:(%s)|([0-9A-Fa-f.:]+))\](?::([0-9]{1,5}))?\Z" % IPV4)
CLIENT = re.compile(
    rb"client=%s(?:, sasl_method=[^ ,]+(?:, sasl_username=([^,]+))?)?(?:, sasl_sender=[^ ,]+)?"
    rb"(?:, orig_queue_id=[0-9A-Za-z]+)?(?:, orig_client=[^ ,]+)?\Z" % _PEER
)
TLS = re.compile(
    rb"(?:(Anonymous|Untrusted|Trusted|Verified) )?TLS connection (?:established|reused) from "
    rb"%s(?: to [^ :]+)?: [A-Za-z0-9.]+ with cipher ([^ ]+) \(" % _PEER
)
CERTIFICATE = re.compile(rb"%s: (?:[A-Z][a-z]+: )?subject_CN=([^,]*), issuer" % _PEER)
_TAKEN = rb">, size=([0-9]{1,18}), nrcpt=([0-9]{1,9}) \(queue active\)\Z"
FROM = re.compile(rb"from=<([^<>]*)%s" % _TAKEN)
FROM_ODD = re.compile(rb"from=<(.*)%s" % _TAKEN)
RETURNED = re.compile(rb"from=<.*>, status=[a-z-]+, returned to sender\Z")
PICKED_UP = re.compile(rb"uid=[0-9]+ from=<.*>(?: orig_id=[0-9A-Za-z]+)?\Z")
TO = re.compile(rb"to=<(%s)>(?:, orig_to=<(%s)>)?, relay=" % (_ADDRESS, _ADDRESS))
NOTIFIED = re.compile(rb"[a-z -]+ notification: (%s)\Z" % QUEUE_ID)
FORWARDED = re.compile(rb" status=sent \(forwarded as (%s)\)\Z" % QUEUE_ID)

_STAGE = rb"([A-Z][A-Z-]*|after [A-Z-]+)"
_TEXT = rb"([^;]*(?:;(?! (?:from=<|to=<|proto=|helo=<))[^;]*)*)"
_FIELDS = (
    rb"(?: from=<(%s)>)?(?: to=<(%s)>)?(?: proto=([A-Z0-9]+))?(?: helo=<([^<>\"; ]*)>)?"
    rb"(?: sasl_method=[^ <>\";]+(?: sasl_username=([^ <>\";]*))?(?: sasl_sender=[^ <>\";]*)?"
    rb"| sasl_username=<([^<>\"]*)>)?" % (_ADDRESS, _ADDRESS)
)
"""Sender, recipient, protocol, HELO, and the user in either of two forms."""
BEFORE_FIELDS = b"; from=<"
TURNED_AWAY = re.compile(rb"[a-z_-]+: %s from %s: " % (_STAGE, _PEER))
"""When in the dialogue, and with whom; what the client was told follows."""
SAID = re.compile(rb";%s\Z" % _FIELDS)
"""What it had said, at the end."""
TOLD_AND_SAID = re.compile(rb"%s;%s\Z" % (_TEXT, _FIELDS))
"""The same where there was no sender yet."""
BY_PROXY = re.compile(rb"proxy-[a-z]+: %s: %s;%s\Z" % (_STAGE, _TEXT, _FIELDS))
"""All of it without the client: the process says elsewhere who that is."""
BY_POSTSCREEN = re.compile(
    rb"(?:reject: RCPT from \[([0-9A-Fa-f.:]+)\]:([0-9]{1,5}): %s"
    rb"; from=<([^<>]*)>, to=<([^<>]*)>, proto=([A-Z0-9]+), helo=<([^<>]*)>"
    rb"|reject: (?:CONNECT|connect) from \[([0-9A-Fa-f.:]+)\]:([0-9]{1,5}): ([a-z ]*))\Z" % _TEXT
)
BY_CLEANUP = re.compile(
    rb"[a-z-]+: (?:header|body|mime-error|content) .* from (?:local|%s);%s(?:: (.*))?\Z"
    % (_PEER, _FIELDS)
)
"""What the message says stands to the left here, and free text to the right: only for lines with
one `; from=<`, and one ` to=<` after it."""
TOO_MANY = re.compile(
    rb"warning: ((?:Connection|Message delivery request|Recipient address) [a-z]+ limit exceeded): "
    rb"[0-9]+ from %s for service [^ ]+\Z" % _PEER
)
TOO_BIG = re.compile(
    rb"warning: (%s): (queue file size limit exceeded|message rejected: hopcount exceeded)\Z"
    % QUEUE_ID
)
