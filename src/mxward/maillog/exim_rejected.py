"""Attempts that Exim did not accept -> what its log tells of them.

The reason is free text, so nothing right of `rejected` is evidence but the recipient, and a line
in which what stands left of it could have been written by the client is None. Not read as
attempts: protocol and synchronisation errors, whose lines begin with the client's own words.
"""

from __future__ import annotations

import re
from typing import Any

from mxward.maillog.exim_arrival import Place, authenticated, cipher_name, connection
from mxward.maillog.exim_lines import AMBIGUOUS, QUOTED, REFUSED, REFUSED_LATE, REJECTED
from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.octets import text
from mxward.maillog.syslog import Prefixed

__all__ = ["Copies", "attempt", "for_the_rejectlog", "rejection"]

_FOR_BOTH = re.compile(
    rb"(?:temporarily )?(?:rejected|refused) |[^ ]+ authenticator failed"
    rb"|unqualified [a-z]+ rejected"
    rb"|(?:H=|SMTP (?:call|protocol|syntax)|no IP address|no host name|too many).*"
    rb"(?:reject|refused|dropped|sender verify|error)",
    re.DOTALL,
)


def for_the_rejectlog(rest: bytes) -> bool:
    """Whether what follows time and id is written into the rejectlog as well."""
    return _FOR_BOTH.match(rest.lstrip()) is not None


_RECIPIENT = re.compile(
    rb'RCPT (?:<((?:%s@)?[^<>" ]+)>|([^<>" :]+@[^<>" :]+))(?:: (.*))?\Z' % QUOTED, re.DOTALL
)
_SENDER = re.compile(rb'MAIL <((?:%s@)?[^<>" ]*)>(?:: (.*))?\Z' % QUOTED, re.DOTALL)
_REJECTED, _DEFERRED = Outcome.REJECTED, Outcome.DEFERRED
_MOST_PROCESSES = 1000
_A_SECOND = 1.0
_BEFORE_HELO = re.compile(rb"connection |EHLO or HELO ")
_WITH_SENDER = re.compile(rb"RCPT |after DATA|during MIME")
_AT_DATA = re.compile(
    rb"(?:after DATA PRDR|after DATA|DATA|during MIME ACL checks"
    rb'|connection in "connect" ACL)(?:: (.*))?\Z',
    re.DOTALL,
)


def rejection(
    rest: bytes, at: float, host: str | None, message: str | None, number: int
) -> Logged | None:
    """What follows time and id; None where it is no rejection, or may be forged."""
    if rest.count(b") [") > 1 and AMBIGUOUS.search(rest):
        return None
    where = (at, host, message, number)
    found = REJECTED.match(rest)
    if found is not None:
        return _by_acl(found, where)
    found = REFUSED.match(rest)
    if found is not None:
        later, _, name, helo, client, port, interface, interface_port, why = found.groups()
        again = later is not None or rest.startswith(b"Connection")
        place, ports = connection(name, helo, client, interface), _ports(port, interface_port)
        return attempt(where, place, ports, again, None, None, text(why))
    found = REFUSED_LATE.match(rest)
    if found is not None and rest.count(b"U=") < 2:
        sender, name, helo, client, port, interface, interface_port, why = found.groups()
        if client is not None:
            place = connection(name, helo or name, client, interface)
            ports = _ports(port, interface_port)
            return attempt(where, place, ports, False, text(sender), None, text(why))
    return None


def _by_acl(found: re.Match[bytes], where: _Where) -> Logged | None:
    (
        name, helo, client, port, interface, interface_port,
        cipher, verified, certificate, sender, who, later, what,
    ) = found.groups()  # fmt: skip
    if b" rejected " in what:  # one of the two may stand in what a client said
        before = found.string[: found.start(13)]
        if b" U=" in before or b'"' in before:
            return None
    recipient, why, nobody = None, what, None
    rcpt = _RECIPIENT.match(what)
    if rcpt is not None:
        named, bare, why_not = rcpt.groups()
        recipient, why, nobody = named or bare, why_not or b"", ""
    elif sender is None and (mail := _SENDER.match(what)):
        sender, why = mail[1], mail[2] or b""
    elif at_data := _AT_DATA.match(what):
        why = at_data[1] or b""
    if rcpt is None and _WITH_SENDER.match(what):
        nobody = ""
    if helo is None and (rcpt is not None or not _BEFORE_HELO.match(what)):
        helo = name
    details = (
        None if cipher is None else cipher_name(cipher),
        None if certificate is None else text(certificate),
        None if verified is None else verified == b"yes",
        authenticated(who) if who else nobody,
    )
    place, ports = connection(name, helo, client, interface), _ports(port, interface_port)
    from_, to = (None if octets is None else text(octets) for octets in (sender, recipient))
    return attempt(where, place, ports, later is not None, from_, to, text(why), details)


_Where = tuple[float, str | None, str | None, int]
_Details = tuple[str | None, str | None, bool | None, str | None]


def attempt(
    where: _Where,
    place: Place | None,
    ports: tuple[int | None, int | None],
    later: bool,
    sender: str | None,
    recipient: str | None,
    why: str,
    details: _Details = (None, None, None, None),
) -> Logged | None:
    """It as it is told; None where the client's address is none."""
    if place is None:
        return None
    at, host, message, number = where
    name, helo, client, interface = place
    port, interface_port = ports
    told = (
        at,
        _DEFERRED if later else _REJECTED,
        "exim",
        host,
        message,
        client,
        port,
        interface,
        interface_port,
        name,
        helo,
        None,
        *details,
        sender,
        () if recipient is None else (recipient,),
        None,
        None,
        why,
        None,
        number,
        False,
    )
    return tuple.__new__(Logged, told)


def _ports(client: bytes | None, interface: bytes | None) -> tuple[int | None, int | None]:
    return None if client is None else int(client), None if interface is None else int(interface)


class Copies:
    """Where both logs go to syslog, a rejection comes twice: for the mainlog and the rejectlog.

    The copy has the same text and process, and comes next from that process, at the same time
    (where Exim does not write its own, syslog's second may have ended in between). Bounded.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[bytes | None, bytes | None], tuple[float, bytes]] = {}

    def held(self) -> Any:
        """See `kept`."""
        return self._last

    def resume(self, held: Any) -> None:
        self._last = dict(held)

    def is_one(self, prefixed: Prefixed, at: float, entry: bytes) -> bool:
        """Whether this is the second of the two."""
        key = (prefixed.host, prefixed.pid)
        before = self._last.pop(key, None)
        if before is not None and before[1] == entry and abs(at - before[0]) <= _A_SECOND:
            return True
        if len(self._last) >= _MOST_PROCESSES:
            del self._last[next(iter(self._last))]
        self._last[key] = (at, entry)
        return False
