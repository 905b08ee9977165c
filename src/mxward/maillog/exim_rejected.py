"""Attempts that Exim did not accept -> what its log tells of them.

The reason is free text, so nothing right of `rejected` is evidence but the recipient, and a line
in which what stands left of it could have been written by the client is None. Not read as
attempts: protocol and synchronisation errors, whose lines begin with the client's own words.
"""

from __future__ import annotations

import re

from mxward.maillog.exim_arrival import address, authenticated, text
from mxward.maillog.exim_lines import AMBIGUOUS, QUOTED, REFUSED, REFUSED_LATE, REJECTED
from mxward.maillog.logged import Logged, Outcome

__all__ = ["rejection"]

_RECIPIENT = re.compile(
    rb'RCPT (?:<((?:%s@)?[^<>" ]+)>|([^<>" :]+@[^<>" :]+))(?:: (.*))?\Z' % QUOTED, re.DOTALL
)
_SENDER = re.compile(rb'MAIL <((?:%s@)?[^<>" ]*)>(?:: (.*))?\Z' % QUOTED, re.DOTALL)
_BEFORE_HELO = re.compile(rb"connection |EHLO or HELO ")
_WITH_SENDER = re.compile(rb"RCPT |after DATA|during MIME")
_PLACE = re.compile(
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
    found = REJECTED.match(rest)
    if found is not None:
        return _by_acl(found, at, host, message, number)
    refused = REFUSED.match(rest)
    if refused is not None:
        later, command, name, helo, client, port, interface, interface_port, why = refused.groups()
        if rest.startswith(b"Connection"):
            later = b"temporarily "
        if helo is None and command == b"MAIL":
            helo = None
        place = (name, helo, client, port, interface, interface_port)
        return _logged((at, host, message, number), place, later, why)
    late = REFUSED_LATE.match(rest)
    if late is not None and late[4] is not None and rest.count(b" U=") < 2:
        sender, name, helo, client, port, why = late.groups()
        place = (name, helo or name, client, port, None, None)
        return _logged((at, host, message, number), place, None, why, sender=sender)
    return None


def _by_acl(
    found: re.Match[bytes], at: float, host: str | None, message: str | None, number: int
) -> Logged | None:
    (
        name, helo, client, port, interface, interface_port,
        cipher, verified, certificate, sender, who, later, what,
    ) = found.groups()  # fmt: skip
    if b" rejected " in what and (b" U=" in found[0] or b'"' in found[0][: found.start(13)]):
        return None
    recipient = None
    why = what
    rcpt = _RECIPIENT.match(what)
    mail = _SENDER.match(what) if sender is None else None
    place = _PLACE.match(what)
    if rcpt:
        recipient, why = rcpt[1] or rcpt[2], rcpt[3] or b""
    elif mail:
        sender, why = mail[1], mail[2] or b""
    elif place:
        why = place[1] or b""
    if helo is None and not _BEFORE_HELO.match(what):
        helo = name
    logged = _logged(
        (at, host, message, number),
        (name, helo, client, port, interface, interface_port),
        later,
        why,
        sender=sender,
    )
    if logged is None:
        return None
    as_whom = authenticated(who) if who else ("" if _WITH_SENDER.match(what) else None)
    return logged._replace(
        tls=None if cipher is None else text(cipher).removesuffix("*"),
        certificate=None if certificate is None else text(certificate),
        certified=None if verified is None else verified == b"yes",
        authenticated=as_whom,
        recipients=() if recipient is None else (text(recipient),),
    )


def _logged(
    where: tuple[float, str | None, str | None, int],
    place: tuple[bytes | None, ...],
    later: bytes | None,
    why: bytes,
    *,
    sender: bytes | None = None,
) -> Logged | None:
    at, host, message, number = where
    name, helo, client, port, interface, interface_port = place
    by = address(client or b"")
    to = None if interface is None else address(interface)
    if by is None or (interface is not None and to is None):
        return None
    return Logged(
        at,
        Outcome.DEFERRED if later else Outcome.REJECTED,
        "exim",
        host,
        message,
        by,
        None if port is None else int(port),
        to,
        None if interface_port is None else int(interface_port),
        None if name is None else text(name),
        None if helo is None else text(helo),
        None,
        None,
        None,
        None,
        None,
        None if sender is None else text(sender),
        (),
        None,
        None,
        text(why),
        None,
        number,
    )
