"""Attempts that Postfix did not accept -> what its log tells of them.

smtpd, cleanup (header and body checks), milters, a filter before the queue, postscreen. What was
only warned of, held, or sent elsewhere is no attempt that failed; what was accepted and thrown
away is an arrival.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.octets import address, text
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Key, Message
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
from mxward.maillog.postfix_peers import OWN, Origin, origin_of
from mxward.maillog.postfix_sessions import Session, Tls

__all__ = ["by_cleanup", "by_postscreen", "by_proxy", "by_smtpd", "too_big", "too_many"]

_ACCEPTED, _REJECTED, _DEFERRED = Outcome.ACCEPTED, Outcome.REJECTED, Outcome.DEFERRED
_TAKEN = frozenset(
    b"discard milter-discard milter-header-discard milter-body-discard proxy-accept".split()
)
_LATER = re.compile(rb"4(?:[0-9]{2}|[.][0-9]+[.][0-9]+)(?: |\Z)")
_NOBODY_YET = frozenset((b"CONNECT", b"HELO", b"EHLO", b"MAIL"))
_NO_TLS = (None, None, None)

Said = tuple[bytes | None, bytes | None, bytes | None, bytes | None]
"""What the client had said: sender, recipient, protocol, HELO."""

_NOTHING: Said = (None, None, None, None)


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
    stage, peer = found[1], found[2]
    why, said, named = told
    origin = origin_of(peer)
    if origin is None or (said[1] is not None and stage in _NOBODY_YET):
        return None
    user = None if named is None else text(named)
    tls = None if session is None else session.tls_of(peer)
    if message is not None and message.is_of(origin[0]):
        user, tls = message.user if user is None else user, message.tls
    return logged(entry, origin, _outcome(what, why), said, why, user, tls)


def _told_and_said(rest: bytes, begin: int) -> tuple[bytes, Said, bytes | None] | None:
    """What a client was told, what it had said, and as whom; None: these may begin elsewhere."""
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
    return why, (sender, recipient, protocol, helo), or_user if user is None else user


def by_proxy(what: bytes, entry: Entry, session: Session | None) -> Logged | None:
    """What a filter before the queue answered, for the client that the process is talking to."""
    found = BY_PROXY.match(entry.rest) if entry.rest.count(BEFORE_FIELDS) == 1 else None
    if found is None or session is None or session.filtered is None:
        return None
    _, why, sender, recipient, protocol, helo, _, named = found.groups()
    origin, said = session.filtered, (sender, recipient, protocol, helo)
    user = text(named) if named else origin[3]
    return logged(entry, origin, _outcome(what, why), said, why, user, session.tls)


def by_cleanup(what: bytes, entry: Entry, message: Message | None) -> Logged | None:
    """What checks of headers and bodies, and milters, found in a message; that may be known."""
    if (told := by_smtpd(what, entry, None, message)) is not None:
        return told
    rest = entry.rest
    begin = rest.find(BEFORE_FIELDS)
    if rest.count(BEFORE_FIELDS) != 1 or rest.count(b" to=<", begin) != 1:
        return None
    found = BY_CLEANUP.match(rest)
    if found is None or found[6] is None:
        return None
    peer, _, _, _, sender, recipient, protocol, helo, _, _, why = found.groups()
    origin = OWN if peer is None else origin_of(peer)
    if origin is None:
        return None
    why, said = why or b"", (sender, recipient, protocol, helo)
    user, tls = None, None
    if message is not None and message.is_of(origin[0]):
        user, tls = message.user, message.tls
    return logged(entry, origin, _outcome(what, why), said, why, user, tls)


def by_postscreen(entry: Entry) -> Logged | None:
    """What postscreen turned away: it knows no names."""
    found = BY_POSTSCREEN.match(entry.rest) if entry.rest.count(BEFORE_FIELDS) < 2 else None
    if found is None:
        return None
    client, port, why, sender, recipient, protocol, helo, busy, busy_port, reason = found.groups()
    where = address(client if busy is None else busy)
    if where is None:
        return None
    if busy is not None:
        origin = (where, int(busy_port), None, "")
        return logged(entry, origin, _DEFERRED, _NOTHING, reason, None, None)
    origin, said = (where, int(port), None, ""), (sender, recipient, protocol, helo)
    return logged(entry, origin, _outcome(b"reject", why), said, why, "", None)


def too_many(entry: Entry) -> Logged | None:
    """A client that came too often, and was told to come later."""
    found = TOO_MANY.match(entry.rest)
    origin = None if found is None else origin_of(found[2])
    if found is None or origin is None:
        return None
    return logged(entry, origin, _DEFERRED, _NOTHING, found[1], None, None)


def too_big(entry: Entry, messages: Mapping[Key, Message]) -> Logged | None:
    """A message that is too long, or has been under way for too long; its client is known by it."""
    found = TOO_BIG.match(entry.rest)
    message = None if found is None else messages.get((entry.host, found[1]))
    if found is None or message is None or message.origin is None:
        return None
    entry.id, origin = found[1], message.origin
    return logged(entry, origin, _REJECTED, _NOTHING, found[2], message.user, message.tls)


def _outcome(what: bytes, reply: bytes) -> Outcome:
    if what in _TAKEN:
        return _ACCEPTED
    return _DEFERRED if _LATER.match(reply) else _REJECTED


def logged(
    entry: Entry,
    origin: Origin,
    outcome: Outcome,
    said: Said,
    why: bytes,
    user: str | None,
    tls: Tls | None,
) -> Logged:
    """An attempt; `user` is as whom the client authenticated, where that is known."""
    client, port, name, _ = origin
    sender, recipient, protocol, helo = said
    cipher, verified, certificate = tls or _NO_TLS
    return Logged(
        entry.at,
        outcome,
        "postfix",
        entry.host_name,
        None if entry.id is None or entry.id == NO_ID else entry.id.decode("ascii"),
        client,
        port,
        None,
        None,
        name,
        None if helo is None else text(helo),
        None if protocol is None else _protocol(protocol, tls is not None, bool(user)),
        cipher,
        certificate,
        verified,
        user,
        None if sender is None else text(sender),
        () if recipient is None else (text(recipient),),
        None,
        None,
        None if outcome is _ACCEPTED else text(why),
        None,
        entry.number,
        outcome is _ACCEPTED,
    )


@lru_cache(maxsize=64)
def _protocol(name: bytes, tls: bool, authenticated: bool) -> str:
    """As RFC 3848 names it; Postfix tells TLS and authentication elsewhere."""
    return text(name).lower() + "s" * tls + "a" * authenticated
