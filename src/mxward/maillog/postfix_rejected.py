"""Attempts that Postfix did not accept -> what its log tells of them.

smtpd, cleanup (header and body checks), milters, a filter before the queue, postscreen. What was
only warned of, held, or sent elsewhere is no attempt that failed; what was accepted and thrown
away is an arrival.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.octets import address, text
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Key, Message, Origin, Tls, confirmed
from mxward.maillog.postfix_lines import (
    BEFORE_FIELDS,
    BY_CLEANUP,
    BY_POSTSCREEN,
    BY_PROXY,
    NO_ID,
    SAID,
    TOLD_AND_SAID,
    TOO_BIG,
    TOO_MANY,
    TURNED_AWAY,
)
from mxward.maillog.postfix_sessions import Session

__all__ = ["by_cleanup", "by_postscreen", "by_proxy", "by_smtpd", "too_big", "too_many"]

_ACCEPTED, _REJECTED, _DEFERRED = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.DEFERRED
_TAKEN = frozenset(
    b"discard milter-discard milter-header-discard milter-body-discard proxy-accept".split()
)
_LATER = re.compile(rb"4(?:[0-9]{2}|[.][0-9]+[.][0-9]+)(?: |\Z)")
_NOBODY_YET = frozenset((b"CONNECT", b"HELO", b"EHLO", b"MAIL"))
_PROTOCOLS = {b"SMTP": "smtp", b"ESMTP": "esmtp"}

Said = tuple[bytes | None, bytes | None, bytes | None, bytes | None, bytes | None]
"""What the client had said: sender, recipient, protocol, HELO; and as whom it authenticated."""

_NOTHING: Said = (None, None, None, None, None)


def by_smtpd(
    what: bytes, entry: Entry, session: Session | None, message: Message | None
) -> Logged | None:
    """A line of smtpd's or of a milter's, by `what` was done; None: it is none, or may be forged.

    As whom the client authenticated is logged since 3.10; else the `message` tells, if known.
    """
    found = TURNED_AWAY.match(entry.rest)
    told = None if found is None else _told_and_said(entry.rest, found.end())
    if found is None or told is None:
        return None
    stage, peer, name, client, port = found.groups()
    why, (sender, recipient, protocol, helo, user) = told
    if recipient is not None and stage in _NOBODY_YET:
        return None
    tls = None if session is None else session.tls_of(peer)
    if message is not None and message.is_of(client):
        user, tls = message.user if user is None else user, message.tls
    said = (sender, recipient, protocol, helo, user)
    return _logged(entry, (name, client, port, None), _outcome(what, why), said, why, tls)


def _told_and_said(rest: bytes, begin: int) -> tuple[bytes, Said] | None:
    """What a client was told, and what it had said; None where the latter may begin elsewhere."""
    end = rest.find(BEFORE_FIELDS, begin)
    if end < 0:
        found = TOLD_AND_SAID.match(rest, begin)
        if found is None:
            return None
        why, sender, recipient, protocol, helo, user, or_user = found.groups()
    else:
        found = SAID.match(rest, end)
        why = rest[begin:end]
        if found is None or rest.find(BEFORE_FIELDS, end + 1) > 0 or b"; proto=" in why:
            return None
        sender, recipient, protocol, helo, user, or_user = found.groups()
    return why, (sender, recipient, protocol, helo, or_user if user is None else user)


def by_proxy(what: bytes, entry: Entry, session: Session | None) -> Logged | None:
    """What a filter before the queue answered, for the client that the process is talking to."""
    found = BY_PROXY.match(entry.rest) if entry.rest.count(BEFORE_FIELDS) == 1 else None
    if found is None or session is None or session.filtered is None:
        return None
    _, why, sender, recipient, protocol, helo, _, user = found.groups()
    origin = session.filtered
    fields = (sender, recipient, protocol, helo, user or origin[3] or b"")
    return _logged(entry, origin, _outcome(what, why), fields, why, session.tls)


def by_cleanup(what: bytes, entry: Entry, message: Message | None) -> Logged | None:
    """What checks of headers and bodies, and milters, found in a message; that may be known."""
    if (logged := by_smtpd(what, entry, None, message)) is not None:
        return logged
    rest = entry.rest
    begin = rest.find(BEFORE_FIELDS)
    if rest.count(BEFORE_FIELDS) != 1 or rest.count(b" to=<", begin) != 1:
        return None
    found = BY_CLEANUP.match(rest)
    if found is None or found[6] is None:
        return None
    _, name, client, port, sender, recipient, protocol, helo, _, _, why = found.groups()
    user, tls, told = None, None, why or b""
    if message is not None and message.is_of(client or b""):
        user, tls = message.user, message.tls
    origin = (name, client or b"", port, None)
    fields = (sender, recipient, protocol, helo, user)
    return _logged(entry, origin, _outcome(what, told), fields, told, tls)


def by_postscreen(entry: Entry) -> Logged | None:
    """What postscreen turned away: it knows no names."""
    found = BY_POSTSCREEN.match(entry.rest) if entry.rest.count(BEFORE_FIELDS) < 2 else None
    if found is None:
        return None
    client, port, why, sender, recipient, protocol, helo, busy, busy_port, reason = found.groups()
    if busy is not None:
        return _logged(entry, (None, busy, busy_port, None), _DEFERRED, _NOTHING, reason, None)
    fields = (sender, recipient, protocol, helo, b"")
    origin = (None, client, port, None)
    return _logged(entry, origin, _outcome(b"reject", why), fields, why, None)


def too_many(entry: Entry) -> Logged | None:
    """A client that came too often, and was told to come later."""
    found = TOO_MANY.match(entry.rest)
    if found is None:
        return None
    why, _, name, client, port = found.groups()
    return _logged(entry, (name, client, port, None), _DEFERRED, _NOTHING, why, None)


def too_big(entry: Entry, messages: Mapping[Key, Message]) -> Logged | None:
    """A message that is too long, or has been under way for too long; its client is known by it."""
    found = TOO_BIG.match(entry.rest)
    message = None if found is None else messages.get((entry.host, found[1]))
    if found is None or message is None or message.origin is None:
        return None
    entry.id = found[1]
    fields = (None, None, None, None, message.user)
    return _logged(entry, message.origin, _REJECTED, fields, found[2], message.tls)


def _outcome(what: bytes, reply: bytes) -> Outcome:
    if what in _TAKEN:
        return _ACCEPTED
    return _DEFERRED if _LATER.match(reply) else _REJECTED


def _logged(
    entry: Entry, origin: Origin, outcome: Outcome, said: Said, why: bytes, tls: Tls | None
) -> Logged | None:
    """None where the address is none."""
    name, client, port, _ = origin
    client_text = address(client) if client else None
    if client and client_text is None:
        return None
    sender, recipient, protocol, helo, user = said
    cipher, verified, certificate = tls or (None, None, None)
    return Logged(
        entry.at,
        outcome,
        "postfix",
        entry.host_name,
        None if entry.id is None or entry.id == NO_ID else entry.id.decode("ascii"),
        client_text,
        None if port is None else int(port),
        None,
        None,
        confirmed(name) if client else None,
        None if helo is None else text(helo),
        None if protocol is None else _protocol(protocol, tls is not None, bool(user)),
        None if cipher is None else text(cipher),
        None if certificate is None else text(certificate),
        verified,
        None if user is None else text(user),
        None if sender is None else text(sender),
        () if recipient is None else (text(recipient),),
        None,
        None,
        None if outcome is _ACCEPTED else text(why),
        None,
        entry.number,
        outcome is _ACCEPTED,
    )


def _protocol(name: bytes, tls: bool, authenticated: bool) -> str:
    """As RFC 3848 names it; Postfix tells TLS and authentication elsewhere."""
    plain = _PROTOCOLS.get(name) or text(name).lower()
    return plain + "s" * tls + "a" * authenticated
