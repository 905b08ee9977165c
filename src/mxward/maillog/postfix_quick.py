"""The lines that most of Postfix's log consists of, by one expression each.

Only what is plain is read here, and it says the same as it would the long way; everything else is
None, and goes the long way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Message, Messages
from mxward.maillog.postfix_lines import QUEUE_ID
from mxward.maillog.postfix_peers import origin_of
from mxward.maillog.postfix_rejected import logged
from mxward.maillog.postfix_sessions import Sessions

__all__ = ["BEGINS", "Line", "Quick"]

BEGINS = 5
"""By so many letters a daemon is known here."""

Line = Callable[[bytes, int, int], tuple[Logged, ...] | None]
"""Reads a line, from where its daemon begins; its number comes last."""

_PLAIN = rb'[^<>"]*'
_PID = rb"\[([0-9]{1,10})\]: "
_END = rb"[\r\n]*\Z"
_SMTPD = re.compile(
    rb"smtpd%s(?:((?:dis)?connect) from |(%s): client=([^ ,\r\n]+)%s"
    rb"|([AUTV][a-z]+) TLS connection established from ([^ ]+): [^ ]+ with cipher ([^ ]+) \()"
    % (_PID, QUEUE_ID, _END)
)
_REFUSED = re.compile(
    rb"smtpd%sNOQUEUE: reject: RCPT from ([^ ]+): (([45])[0-9]{2} [^;]*); from=<(%s)> to=<(%s)>"
    rb" proto=([A-Z]+) helo=<([^<>\"; ]*)>%s" % (_PID, _PLAIN, _PLAIN, _END)
)
_CLEANUP = re.compile(rb"cleanup\[[0-9]{1,10}\]: (%s): message-id=" % QUEUE_ID)
_QMGR = re.compile(
    rb"qmgr\[[0-9]{1,10}\]: (%s): (?:removed|from=<(%s)>, size=([0-9]{1,18}), nrcpt=([0-9]{1,9})"
    rb" \(queue active\))%s" % (QUEUE_ID, _PLAIN, _END)
)
_AGENT = re.compile(
    rb"[a-z]+\[[0-9]{1,10}\]: (%s): (to=<(%s)>(?:, orig_to=<(%s)>)?, relay=)"
    % (QUEUE_ID, _PLAIN, _PLAIN)
)
_KINDS = (
    "connect from", "disconnect from", "TLS", "client=", "reject", "message-id=", "from=", "to=",
    "removed",
)  # fmt: skip
_FORWARDED = b"(forwarded as "
_ITS_ID = 60  # octets in which that, and an id, may stand


class Quick:
    """What is plain, by how the daemon's name begins."""

    def __init__(
        self, entry: Entry, kinds: Counter[str], messages: Messages, sessions: Sessions
    ) -> None:
        self._entry = entry
        self._kinds = kinds
        self._counts = dict.fromkeys(_KINDS, 0)  # a Counter is slower
        self._messages = messages
        self._waiting = messages.waiting
        self._sessions = sessions
        self.lines: dict[bytes, Line] = {
            b"smtpd": self._smtpd,
            b"clean": self._cleanup,
            b"qmgr[": self._qmgr,
            b"local": self._local,
        }
        for daemon in (b"smtp[", b"lmtp[", b"virtu", b"pipe[", b"relay", b"error"):
            self.lines[daemon] = self._agent

    def count(self) -> None:
        """Tell how many lines of each kind there were."""
        for kind, count in self._counts.items():
            if count:
                self._kinds[kind] += count
                self._counts[kind] = 0

    def _smtpd(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        found = _SMTPD.match(line, begin)
        if found is None:
            return self._refused(line, begin, number)
        pid, connected, id_, peer, trust, secured, cipher = found.groups()
        host = self._entry.host
        if connected is not None:
            self._counts["connect from" if connected == b"connect" else "disconnect from"] += 1
            self._sessions.close(host, pid)
            return ()
        if trust is not None:
            self._counts["TLS"] += 1
            self._sessions.establish((host, pid), trust, secured, cipher)
            return ()
        origin = origin_of(peer)
        if origin is None:
            return None
        self._counts["client="] += 1
        session = self._sessions.of((host, pid))
        tls = None if session is None else session.tls_of(peer)
        message = Message(self._entry.at, number, origin, tls)
        return self._messages.begin((host, id_), message)

    def _refused(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        found = _REFUSED.match(line, begin)
        origin = None if found is None else origin_of(found[2])
        if found is None or origin is None:
            return None
        pid, peer, why, code, *said = found.groups()
        sender, recipient, protocol, helo = said
        entry = self._entry
        session = self._sessions.of((entry.host, pid))
        tls = None if session is None else session.tls_of(peer)
        entry.id, entry.number = None, number
        outcome = Outcome.DEFERRED if code == b"4" else Outcome.REJECTED
        self._counts["reject"] += 1
        fields = (sender, recipient, protocol, helo)
        return (logged(entry, origin, outcome, fields, why, None, tls),)

    def _cleanup(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        found = _CLEANUP.match(line, begin)
        if found is None:
            return None
        self._counts["message-id="] += 1
        key = (self._entry.host, found[1])
        if key in self._waiting:
            return ()
        return self._messages.begin(key, Message(self._entry.at, number, None, None))

    def _qmgr(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        found = _QMGR.match(line, begin)
        if found is None:
            return None
        id_, sender, size, expected = found.groups()
        key = (self._entry.host, id_)
        if sender is None:
            self._counts["removed"] += 1
            return self._messages.take(key) if key in self._waiting else ()
        message = self._waiting.get(key)
        if message is None:
            return None
        self._counts["from="] += 1
        message.sender = sender
        message.size, message.expected = int(size), int(expected)
        return ()

    def _agent(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        found = _AGENT.match(line, begin)
        if found is None:
            return None
        id_, both, to, given = found.groups()
        self._counts["to="] += 1
        key = (self._entry.host, id_)
        message = self._waiting.get(key)
        if message is None:
            return ()
        return self._messages.give(key, message, both, to if given is None else given)

    def _local(self, line: bytes, begin: int, number: int) -> tuple[Logged, ...] | None:
        if line.find(_FORWARDED, -_ITS_ID) >= 0:
            return None
        return self._agent(line, begin, number)
