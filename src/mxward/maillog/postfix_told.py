"""The lines of Postfix's log that tell of no arrival: which kinds it writes in normal operation.

Those of daemons that talk to no client and hold no message are told by the daemon's name; of smtpd,
cleanup and postscreen what is not here is strange, and shown.
"""

from __future__ import annotations

import re

__all__ = ["ACTION", "ATTEMPTS", "by_cleanup", "by_postscreen", "by_smtpd"]

ACTION = re.compile(rb"([a-z][a-z_-]*): ")
"""What was done, where a line begins with that."""

ATTEMPTS = frozenset(
    b"reject discard milter-reject milter-discard proxy-reject proxy-accept"
    b" milter-header-reject milter-body-reject milter-header-discard milter-body-discard".split()
)
_OTHER = frozenset(
    b"reject_warning warn hold filter redirect info permit prepend delay bcc hangup abort replace"
    b" strip ignore delete pass warning milter-hold milter-replace header body append insert change"
    b" milter-header-hold milter-header-warning milter-header-info milter-header-replace"
    b" milter-header-filter milter-header-redirect milter-header-prepend milter-body-warning"
    b" milter-header-strip milter-header-ignore milter-body-hold milter-body-info".split()
)
_SMTPD = re.compile(
    rb"(warning|error|fatal|panic|connect from|disconnect from|lost connection after|timeout after"
    rb"|too many errors after|improper command pipelining after|setting up TLS connection from"
    rb"|SSL_accept(?::| error from)|SSL3 alert |TLS library problem|discarding EHLO keywords"
    rb"|certificate verification failed for|CA certificate verification failed for"
    rb"|subject=|issuer="  # of a client's certificate, at smtpd_tls_loglevel 2
    rb"|Relaying allowed|using backwards-compatible default setting"
    rb"|initializing the server-side TLS engine"
    rb"|table [^ ]+ has changed|auto_clnt_|reset |too much |not responding after|TLS SNI )"
)
_OF_PEER = re.compile(rb"[<>]? ?[^][ ]*\[[0-9A-Fa-f.:]+\](?::[0-9]{1,5})?: ")
_CLEANUP = re.compile(
    rb"(message-id|resent-message-id)=|(warning|error|fatal|panic): |(removed) \("
    rb"|(table) [^ ]+ has changed|(to)=<|(using backwards-compatible) "
)
_POSTSCREEN = re.compile(
    rb"(warning|error|fatal|panic|CONNECT|DISCONNECT|PASS OLD|PASS NEW|PREGREET|HANGUP|DNSBL rank"
    rb"|(?:COMMAND|BARE|NON-SMTP|DATA|BDAT) [A-Za-z]+(?: [A-Za-z]+)*"
    rb"|(?:WHITE|BLACK|ALLOW|DENY)LIST(?:ED| VETO)|cache |table |entering STRESS|leaving STRESS"
    rb"|using backwards-compatible|close database)"
)


def by_smtpd(rest: bytes) -> str | None:
    """The kind of a line of smtpd's; None where it writes no such line."""
    found = _SMTPD.match(rest)
    if found is not None:
        return found[1].decode("ascii").rstrip()
    return "about a client" if _OF_PEER.match(rest) else _action(rest)


def by_cleanup(rest: bytes) -> str | None:
    """The kind of a line of cleanup's; None where it writes no such line."""
    found = _CLEANUP.match(rest)
    if found is not None:
        kind: bytes = found[found.lastindex or 0]
        return kind.decode("ascii")
    return _action(rest)


def by_postscreen(rest: bytes) -> str | None:
    """The kind of a line of postscreen's; None where it writes no such line."""
    found = _POSTSCREEN.match(rest)
    if found is not None:
        return found[1].decode("ascii").rstrip()
    return "about a client" if _OF_PEER.match(rest) else None


def _action(rest: bytes) -> str | None:
    found = ACTION.match(rest)
    return found[1].decode("ascii") if found is not None and found[1] in _OTHER else None
