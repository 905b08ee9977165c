"""The lines of smtpd: who brings a message, how the connection was secured, whom it turned away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mxward.maillog.logged import Logged
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Message, Messages
from mxward.maillog.postfix_lines import NO_ID
from mxward.maillog.postfix_peers import brought_by
from mxward.maillog.postfix_rejected import by_proxy, by_smtpd, too_big, too_many
from mxward.maillog.postfix_sessions import Sessions
from mxward.maillog.postfix_told import ATTEMPTS
from mxward.maillog.postfix_told import by_smtpd as told
from mxward.maillog.strange import NOT_A_CLIENT, NOT_A_REJECTION, UNKNOWN_TO_POSTFIX

__all__ = ["Smtpd"]

_NO_MAIL = frozenset(b"VRFY ETRN AUTH NOOP RSET QUIT UNKNOWN XCLIENT XFORWARD".split())
"""When nobody wanted to bring mail."""


class Smtpd:
    """Reads the lines of all its processes, in order."""

    def __init__(self, kinds: Counter[str], messages: Messages) -> None:
        self._kinds = kinds
        self._messages = messages
        self.sessions = Sessions()

    def read(self, entry: Entry) -> Iterable[Logged] | str:
        """What a line tells, or what is strange about it."""
        rest, kinds = entry.rest, self._kinds
        if rest.startswith(b"connect from "):
            self.sessions.close(entry.host, entry.pid)
            kinds["connect from"] += 1
            return ()
        if rest.startswith(b"disconnect from "):
            self.sessions.close(entry.host, entry.pid)
            kinds["disconnect from"] += 1
            return ()
        if rest.startswith(b"client="):
            return self._client(entry)
        what = rest[: rest.find(b": ")]
        if what in ATTEMPTS:
            return self._turned_away(what, entry)
        if entry.id is None:
            if self.sessions.secured(entry.process, rest):
                kinds["TLS"] += 1
                return ()
            if what == b"warning":
                return self._warning(entry)
        kind = told(rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        kinds[kind] += 1
        return ()

    def _client(self, entry: Entry) -> Iterable[Logged] | str:
        found = brought_by(entry.rest)
        if found is None or entry.id is None:
            return NOT_A_CLIENT
        self._kinds["client="] += 1
        peer, origin = found
        process = entry.process
        if entry.id == NO_ID:
            self.sessions.filtered(process, peer, origin)
            return ()
        session = self.sessions.of(process)
        tls = None if session is None else session.tls_of(peer)
        return self._messages.begin(entry.key, Message(entry.at, entry.number, origin, tls))

    def _turned_away(self, what: bytes, entry: Entry) -> Iterable[Logged] | str:
        kind = what.decode("ascii")
        if _NO_MAIL.intersection(entry.rest.split(b" ", 2)[1:2]):
            self._kinds[kind] += 1
            return ()
        session = self.sessions.of(entry.process)
        if what.startswith(b"proxy-"):
            logged = by_proxy(what, entry, session)
        else:
            message = self._messages.waiting.get(entry.key)
            logged = by_smtpd(what, entry, session, message)
        if logged is None:
            return NOT_A_REJECTION
        self._kinds[kind] += 1
        return (logged,)

    def _warning(self, entry: Entry) -> Iterable[Logged]:
        """Those that tell of an attempt: clients that come too often, messages that are too big."""
        self._kinds["warning"] += 1
        logged = too_many(entry) or too_big(entry, self._messages.waiting)
        return () if logged is None else (logged,)
