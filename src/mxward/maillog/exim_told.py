"""The lines of Exim's log that tell of no arrival: which kinds it writes in normal operation.

Kinds are the first words of a line. What an operator's own ACL writes (`logwrite`) and what is not
here is strange, and shown.
"""

from __future__ import annotations

import re

from mxward.maillog.exim_lines import BRACKETED, HOST_FIRST

__all__ = ["goes_on", "told"]

_FIRST_WORDS = """
Abandon queue run
CNAME loop for
Connection from
DANE error
DKIM:
Delivery deferred by system filter
ETRN
End '
End queue run
Error or EOF on input from
Error reading spool file
Error while reading message
Format error in spool file
Frozen
Long
Message abandoned
Message is frozen
Message removed because older than
OCSP dates invalid
PRDR
Process failed
Received TLS cert status response
Remote host
Required TLS certificate status not received
Retry time not yet reached
SIGINT received while reading local message
SIGTERM received while reading local message
SMTP call from
SMTP command timeout on
SMTP connection from
SMTP connection lost after final dot
SMTP connection outbound
SMTP data timeout
SMTP error from
SMTP protocol error in
SMTP protocol synchronization error
SMTP protocol violation
SMTP syntax error in
SMTP timeout
SSL channel closed on write
SSL_write error
SSL_write:
SSL verify error
Server certificate revoked
Server certificate status unknown
Spool error
Spool file
Start '
Start queue run
TLS error
TLS session
Tainted
Unable to
Unfrozen
VRFY failed for
Warning:
address <
cancelled by
connection from
daemon:
dnssec fail on
error ignored
exim
failed to
frozen by
host name alias list truncated for
ident connection to
ignoring AUTH=
listen backlog
local_scan()
log directory space check failed
lowest numbered MX record points to local host
message
no IP address found for host
no MAIL in
no host name found for IP address
no immediate delivery
notify triggered queue run
original recipients ignored
overlong message header line received from
pid
queue run
recipient <
refused connection from
rejected
remote host address is the local host
removed by
retry time not reached for any host
retry timeout exceeded
ridiculously long message header received from
routing failed
sender address changed to
socket bind() to port
spool directory space check failed
temporarily refused connection from
temporarily rejected
timed out while reading local message
too many recipients
unexpected EOF while reading SMTP command
unexpected disconnection while reading SMTP command
unfrozen by
unqualified recipient rejected
unqualified sender rejected
unqualified verify rejected
"""
_BY_WORD: dict[bytes, list[bytes]] = {}
for _kind in sorted(_FIRST_WORDS.strip().encode().splitlines(), key=len, reverse=True):
    _BY_WORD.setdefault(_kind.split(b" ", 1)[0], []).append(_kind)

_ELSEWHERE = [
    (re.compile(rb"[^ ]+ authenticator (?:failed|cancelled)"), "authentication failed"),
    (re.compile(rb"<[^ ]+>: .* transport output: ", re.DOTALL), "transport output"),
    (re.compile(rb"[^ ]+(?: <[^>]*>)?: error ignored"), "error ignored"),
    (re.compile(rb"cwd=[^ ]* [0-9]+ args: "), "cwd"),
    (re.compile(rb"<[^ ]+>: "), "about an address"),
    (re.compile(rb"\[[0-9A-Fa-f.:]+\] (?:SSL|.*\bcert)", re.DOTALL), "SSL verify error"),
    (re.compile(rb"[^ ]+: (?:delivering|callout) unencrypted to "), "delivering unencrypted"),
    (re.compile(rb"Ci=[^ ]+ SMTP peer appears"), "SMTP peer"),
    (re.compile(rb"F=<.* rejected by ", re.DOTALL), "rejected"),
    (re.compile(rb"\*\*\* Frozen"), "Frozen"),
]
_LOCAL = re.compile(rb"U=[^ =]+")
_AFTER_HOST = re.compile(
    rb'(?: [A-Z][A-Za-z]*=[^ "<>]+)*(?: Warning:| (sender verify (?:fail|defer)) for '
    rb"| (incomplete transaction)| F=%s RCPT .*: (discarded by)| (dropped by)"
    rb"|(:)| ([A-Z][a-z]+(?: [a-z]+)+))" % BRACKETED,
    re.DOTALL,
)


def told(rest: bytes) -> str | None:
    """The kind of a line, by what follows time and id; None where Exim writes no such line."""
    for kind in _BY_WORD.get(rest.split(b" ", 1)[0], ()):
        if rest.startswith(kind):
            return kind.decode().rstrip(":'=< ")
    host = HOST_FIRST.match(rest) or (rest.startswith(b"U=") and _LOCAL.match(rest))
    if host:
        return _after_host(rest, host.end())
    for shape, kind_of in _ELSEWHERE:
        if shape.match(rest):
            return kind_of
    return None


def _after_host(rest: bytes, begin: int) -> str | None:
    found = _AFTER_HOST.match(rest, begin)
    if found is None:
        return None
    verify, incomplete, _, discarded, dropped, colon, error = found.groups()
    words: bytes | None = verify or incomplete or discarded or dropped
    if words is not None:
        return words.decode("ascii")
    return "remote host" if colon or error else "Warning"


def goes_on(line: bytes) -> bool:
    """Whether a line of a rejectlog belongs to the one before it.

    log.c writes a letter and a blank before each header, and a folded header goes on with a blank:
    no sender can begin a line with a time.
    """
    return (
        line[1:2] == b" "
        or line[:1] in (b" ", b"\t", b"")
        or line.startswith((b"Envelope-from: <", b"Envelope-to: <", b"*** truncated ***"))
        or not line.strip(b"-")
    )
