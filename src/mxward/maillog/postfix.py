"""Postfix's mail log -> arrivals, and attempts that were not accepted.

Supported: Postfix 2.6 to 3.12, through syslog or as `maillog_file`, RFC 3164, ISO and RFC 5424
timestamps, short and long queue ids, any `syslog_name`, several instances, with and without ports.
What was accepted is logged without HELO, protocol and interface. Not supported: `smtpd -v`, qmqpd.
Told, and no arrivals: messages that were brought before the log begins, and Postfix's own about
itself (probes, notices to the postmaster). Recipients that `always_bcc` adds are told as given.

A message that a content filter gives back is an arrival of its own, from that filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mxward.maillog import postfix_told, syslog
from mxward.maillog.logged import Logged, Tally
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import OWN, Message, Messages
from mxward.maillog.postfix_lines import (
    DAEMONS,
    FORWARDED,
    FROM,
    HEAD,
    ID,
    NOTIFIED,
    OF_POSTFIX,
    PICKED_UP,
    RETURNED,
    TO,
)
from mxward.maillog.postfix_rejected import by_cleanup, by_postscreen, too_big
from mxward.maillog.postfix_smtpd import Smtpd
from mxward.maillog.stamps import Clock
from mxward.maillog.strange import (
    LONGEST,
    NO_TIME,
    NOT_A_CLIENT,
    NOT_A_DELIVERY,
    NOT_A_REJECTION,
    NOT_AN_ARRIVAL,
    TOO_LONG,
    UNKNOWN_TO_POSTFIX,
    WRONG_DATE,
)

__all__ = ["PostfixReader"]

_AGENTS = b"smtp lmtp relay local virtual pipe error retry discard bounce".split()
_Handler = Callable[[Entry], Iterable[Logged] | str]


class PostfixReader:
    """Reads one log, in order. Every line is counted once, as told or as strange."""

    def __init__(
        self,
        clock: Clock,
        *,
        host: str | None = None,
        waiting: int = 100_000,
        tally: Tally | None = None,
    ) -> None:
        """`host` and `tally` as for Exim's reader; `waiting` messages are remembered."""
        self.tally = Tally() if tally is None else tally
        self._kinds = self.tally.told
        self._clock = clock
        self._entry = Entry(host)
        self._messages = Messages(waiting, host)
        self._smtpd = Smtpd(self._kinds, self._messages)
        self._handlers: dict[bytes, _Handler] = dict.fromkeys(_AGENTS, self._agent)
        self._handlers |= {
            b"smtpd": self._smtpd.read,
            b"cleanup": self._cleanup,
            b"qmgr": self._qmgr,
            b"oqmgr": self._qmgr,
            b"nqmgr": self._qmgr,
            b"pickup": self._pickup,
            b"postscreen": self._postscreen,
            b"postsuper": self._postsuper,
        }

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell; they may end with a line feed. Never raises."""
        tally, head, when, handlers = self.tally, HEAD.match, self._clock.at, self._handlers
        entry = self._entry
        last, at = b"", None  # most lines have the time of the line before
        for line in lines:
            tally.lines = entry.number = tally.lines + 1
            if len(line) > LONGEST:
                tally.wonder(TOO_LONG, entry.number, line)
                continue
            line = line.rstrip(b"\r\n")
            found = head(line)
            if found is None:
                stamp, daemon = self._unusual(line)
            else:
                stamp, entry.host, daemon, entry.pid, entry.id = found.groups()
                entry.rest = line[found.end() :]
            handle = handlers.get(daemon)
            if handle is None:
                self._other(daemon, line)
                continue
            if stamp != last:
                last, at = stamp, when(stamp)
            if at is None:
                tally.wonder(WRONG_DATE, entry.number, line)
                continue
            entry.at = at
            result = handle(entry)
            if result:
                if isinstance(result, str):
                    tally.wonder(result, entry.number, line)
                else:
                    yield from result

    def unfinished(self) -> set[bytes]:
        """The ids of the messages that wait."""
        return {id_ for _, id_ in self._messages.waiting}

    def end(self) -> Iterator[Logged]:
        """The messages that were taken and not removed, with the recipients seen."""
        yield from self._messages.end()

    def held(self) -> Any:
        """See `kept`."""
        return (self._messages.held(), self._smtpd.sessions.held())

    def resume(self, held: Any) -> None:
        """Go on from there."""
        messages, sessions = held
        self._messages.resume(messages)
        self._smtpd.sessions.resume(sessions)

    def _unusual(self, line: bytes) -> tuple[bytes, bytes]:
        """Time and daemon of a line of RFC 5424, or without a process's number."""
        prefixed = syslog.split(line)
        if prefixed is None or not OF_POSTFIX.match(prefixed.program):
            return b"", b""
        entry = self._entry
        entry.host, entry.pid = prefixed.host or b"-", prefixed.pid or b""
        found = ID.match(prefixed.rest)
        entry.id = None if found is None else found[1]
        entry.rest = prefixed.rest if found is None else prefixed.rest[found.end() :]
        return prefixed.stamp, prefixed.program.rpartition(b"/")[2]

    def _other(self, daemon: bytes, line: bytes) -> None:
        """A line of a daemon that meets no client, of another program, or of none."""
        if daemon in DAEMONS:
            self._kinds[daemon.decode("ascii")] += 1
            return
        prefixed = syslog.split(line)
        if prefixed is None:
            self.tally.wonder(NO_TIME, self.tally.lines, line)
        elif OF_POSTFIX.match(prefixed.program):
            self._kinds["postfix"] += 1
        else:
            self._kinds["of another program"] += 1

    def _qmgr(self, entry: Entry) -> Iterable[Logged] | str:
        rest = entry.rest
        if rest == b"removed":
            self._kinds["removed"] += 1
            return self._messages.take(entry.key)
        if not rest.startswith(b"from=<"):
            self._kinds["qmgr"] += 1
            return ()
        found = FROM.match(rest)
        if found is None:
            if RETURNED.match(rest) is None:
                return NOT_AN_ARRIVAL
            self._kinds["returned to sender"] += 1
            return ()
        message = self._messages.waiting.get(entry.key)
        if message is None:
            self._kinds["from= (again, or of before)"] += 1
            return ()
        self._kinds["from="] += 1
        message.sender = found[1]
        message.size, message.expected = int(found[2]), int(found[3])
        return ()

    def _agent(self, entry: Entry) -> Iterable[Logged] | str:
        rest, messages = entry.rest, self._messages
        if not rest.startswith(b"to=<"):
            if b" notification: " in rest:
                self._made(entry.host, NOTIFIED.match(rest), entry)
            self._kinds["delivery"] += 1
            return ()
        if b"(forwarded as " in rest:
            self._made(entry.host, FORWARDED.search(rest), entry)
        message = messages.waiting.get(entry.key)
        if message is None:
            self._kinds["to="] += 1
            return ()
        found = TO.match(rest)
        if found is None:
            return NOT_A_DELIVERY
        self._kinds["to="] += 1
        to, given = found.groups()
        return messages.give(entry.key, message, found[0], to if given is None else given)

    def _cleanup(self, entry: Entry) -> Iterable[Logged] | str:
        rest, messages = entry.rest, self._messages
        if rest.startswith(b"message-id="):
            self._kinds["message-id="] += 1
            if entry.id is not None and entry.key not in messages.waiting:
                return messages.begin(entry.key, Message(entry.at, entry.number, None, None))
            return ()
        action = postfix_told.ACTION.match(rest)
        if entry.id is not None and action is not None and action[1] in postfix_told.ATTEMPTS:
            logged = by_cleanup(action[1], entry, messages.waiting.get(entry.key))
            if logged is None:
                return NOT_A_REJECTION
            self._kinds[action[1].decode("ascii")] += 1
            return (logged,)
        kind = postfix_told.by_cleanup(rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        if b"hopcount exceeded" in rest:
            self._kinds[kind] += 1
            logged = too_big(entry, messages.waiting)
            return () if logged is None else (logged,)
        if kind == "to":  # an alias that cannot be followed
            return self._agent(entry)
        self._kinds[kind] += 1
        return ()

    def _pickup(self, entry: Entry) -> Iterable[Logged] | str:
        if entry.id is None or not entry.rest.startswith(b"uid="):
            self._kinds["pickup"] += 1
            return ()
        if PICKED_UP.match(entry.rest) is None:
            return NOT_A_CLIENT
        self._kinds["uid="] += 1
        return self._messages.begin(entry.key, Message(entry.at, entry.number, OWN, None))

    def _postscreen(self, entry: Entry) -> Iterable[Logged] | str:
        if entry.rest.startswith(b"reject: "):
            logged = by_postscreen(entry)
            if logged is None:
                return NOT_A_REJECTION
            self._kinds["reject"] += 1
            return (logged,)
        kind = postfix_told.by_postscreen(entry.rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        self._kinds[kind] += 1
        return ()

    def _postsuper(self, entry: Entry) -> Iterable[Logged] | str:
        self._kinds["postsuper"] += 1
        return self._messages.take(entry.key) if entry.rest == b"removed" else ()

    def _made(self, host: bytes, found: re.Match[bytes] | None, entry: Entry) -> None:
        """A message that Postfix has made itself."""
        if found is not None:
            self._messages.own((host, found[1]), entry.at, entry.number)
