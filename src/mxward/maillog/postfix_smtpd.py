"""The lines of smtpd: who brings a message, how the connection was secured, whom it turned away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mxward.maillog.logged import Logged
from mxward.maillog.octets import address
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Message, Messages
from mxward.maillog.postfix_lines import CLIENT, NO_ID
from mxward.maillog.postfix_rejected import brings, by_proxy, by_smtpd, too_big, too_many
from mxward.maillog.postfix_sessions import Sessions
from mxward.maillog.postfix_told import ACTION, ATTEMPTS
from mxward.maillog.postfix_told import by_smtpd as told
from mxward.maillog.strange import NOT_A_CLIENT, NOT_A_REJECTION, UNKNOWN_TO_POSTFIX

__all__ = ["Smtpd"]


class Smtpd:
    """Reads the lines of all its processes, in order."""

    def __init__(self, kinds: Counter[str], messages: Messages) -> None:
        self._kinds = kinds
        self._messages = messages
        self.sessions = Sessions()

    def read(self, entry: Entry) -> Iterable[Logged] | str:
        """What a line tells, or what is strange about it."""
        rest = entry.rest
        if rest.startswith(b"connect from "):
            self.sessions.close(entry.process)
            self._kinds["connect from"] += 1
            return ()
        if rest.startswith(b"disconnect from "):
            self.sessions.close(entry.process)
            self._kinds["disconnect from"] += 1
            return ()
        if rest.startswith(b"client="):
            return self._client(entry)
        action = ACTION.match(rest)
        if action is not None and action[1] in ATTEMPTS:
            return self._turned_away(action[1], entry)
        if entry.id is None:
            if self.sessions.secured(entry.process, rest):
                self._kinds["TLS"] += 1
                return ()
            if action is not None and action[1] == b"warning":
                return self._warning(entry)
        kind = told(rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        self._kinds[kind] += 1
        return ()

    def _client(self, entry: Entry) -> Iterable[Logged] | str:
        found = CLIENT.match(entry.rest)
        if found is None or entry.id is None:
            return NOT_A_CLIENT
        peer, name, client, port, user = found.groups()
        if address(client) is None:
            return NOT_A_CLIENT
        self._kinds["client="] += 1
        origin = (name, client, port, user)
        if entry.id == NO_ID:
            self.sessions.filtered(entry.process, peer, origin)
            return ()
        session = self.sessions.of(entry.process)
        tls = None if session is None else session.tls_of(peer)
        return self._messages.begin(entry.key, Message(entry.at, entry.number, origin, tls))

    def _turned_away(self, what: bytes, entry: Entry) -> Iterable[Logged] | str:
        if not brings(entry.rest):
            self._kinds[what.decode("ascii")] += 1
            return ()
        session = self.sessions.of(entry.process)
        if what.startswith(b"proxy-"):
            logged = by_proxy(what, entry, session)
        else:
            message = self._messages.waiting.get(entry.key)
            logged = by_smtpd(what, entry, session, message)
        if logged is None:
            return NOT_A_REJECTION
        self._kinds[what.decode("ascii")] += 1
        return (logged,)

    def _warning(self, entry: Entry) -> Iterable[Logged]:
        """Those that tell of an attempt: clients that come too often, messages that are too big."""
        self._kinds["warning"] += 1
        logged = too_many(entry) or too_big(entry, self._messages.waiting)
        return () if logged is None else (logged,)
