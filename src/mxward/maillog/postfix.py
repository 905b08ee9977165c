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
from mxward.maillog.logged import Elsewhere, Logged, Tally
from mxward.maillog.octets import text
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Message, Messages
from mxward.maillog.postfix_lines import (
    DAEMON,
    DAEMONS,
    FORWARDED,
    FROM,
    FROM_ODD,
    ID,
    NOTIFIED,
    OF_POSTFIX,
    PICKED_UP,
    RETURNED,
    TO,
)
from mxward.maillog.postfix_peers import OWN
from mxward.maillog.postfix_prefix import Prefix
from mxward.maillog.postfix_quick import BEGINS, Quick
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

_NOTHING = b"\n"  # with which no line begins
_AGENTS = b"smtp lmtp relay virtual pipe error retry discard".split()
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
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """As Exim's reader; `waiting` messages are remembered."""
        self.tally = Tally() if tally is None else tally
        self._kinds = self.tally.told
        self._clock = clock
        self._elsewhere = elsewhere
        self._entry = Entry(host)
        self._prefix = Prefix(clock, self._entry)
        self._messages = Messages(waiting, host)
        self._smtpd = Smtpd(self._kinds, self._messages)
        self._quick = Quick(self._entry, self._kinds, self._messages, self._smtpd.sessions)
        self._handlers: dict[bytes, _Handler] = dict.fromkeys(_AGENTS, self._agent)
        self._handlers |= {
            b"smtpd": self._smtpd.read,
            b"local": self._local,
            b"bounce": self._bounce,
            b"defer": self._bounce,
            b"trace": self._bounce,
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
        tally, entry, handlers, daemon_of = self.tally, self._entry, self._handlers, DAEMON.match
        quick, read_prefix = self._quick.lines.get, self._prefix.read
        before, begin = _NOTHING, 0  # what stood before the daemon in the last line
        try:
            for number, line in enumerate(lines, tally.lines + 1):
                tally.lines = number
                if not line.startswith(before):
                    begin = read_prefix(line)
                    before = line[:begin] if begin else _NOTHING
                plain = quick(line[begin : begin + BEGINS]) if begin else None
                if (
                    len(line) <= LONGEST
                    and plain is not None
                    and (told := plain(line, begin, number)) is not None
                ):
                    if told:
                        yield from told
                    continue
                found = daemon_of(line, begin) if begin else None
                if found is None or len(line) > LONGEST:
                    before, begin = _NOTHING, 0
                    yield from self._unusual(line, number)
                    continue
                daemon, entry.pid, entry.id = found.groups()
                handle = handlers.get(daemon)
                if handle is None:
                    self._idle(daemon)
                    continue
                entry.rest = line[found.end() :].rstrip(b"\r\n")
                entry.number = number
                result = handle(entry)
                if result:
                    if isinstance(result, str):
                        tally.wonder(result, number, line)
                    else:
                        yield from result
        finally:
            self._quick.count()

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

    def _unusual(self, line: bytes, number: int) -> Iterable[Logged]:
        """Lines of RFC 5424, without a process's number, with a wrong date; and all others."""
        tally, entry = self.tally, self._entry
        if len(line) > LONGEST:
            tally.wonder(TOO_LONG, number, line)
            return ()
        prefixed = syslog.split(line)
        if prefixed is None or not OF_POSTFIX.match(prefixed.program):
            return self._not_ours(line, number, prefixed is not None)
        at = self._clock.at(prefixed.stamp)
        if at is None:
            tally.wonder(WRONG_DATE, number, line)
            return ()
        found = ID.match(prefixed.rest)
        entry.id = None if found is None else found[1]
        entry.rest = prefixed.rest[0 if found is None else found.end() :].rstrip(b"\r\n")
        entry.host, entry.pid = prefixed.host or b"-", prefixed.pid or b""
        entry.at, entry.number = at, number
        daemon = prefixed.program.rpartition(b"/")[2]
        handle = self._handlers.get(daemon)
        result = self._idle(daemon) if handle is None else handle(entry)
        if isinstance(result, str):
            tally.wonder(result, number, line)
            return ()
        return result

    def _not_ours(self, line: bytes, number: int, of_syslog: bool) -> Iterable[Logged]:
        if self._elsewhere is not None and (told := self._elsewhere(line)) is not None:
            return told
        if of_syslog:
            self._kinds["of another program"] += 1
        else:
            self.tally.wonder(NO_TIME, number, line)
        return ()

    def _idle(self, daemon: bytes) -> Iterable[Logged]:
        """A line of a daemon that meets no client, and has no message."""
        self._kinds[text(daemon) if daemon in DAEMONS else "postfix"] += 1
        return ()

    def _qmgr(self, entry: Entry) -> Iterable[Logged] | str:
        rest = entry.rest
        if rest == b"removed":
            self._kinds["removed"] += 1
            return self._messages.take(entry.key)
        if not rest.startswith(b"from=<"):
            self._kinds["qmgr"] += 1
            return ()
        found = FROM.match(rest) or FROM_ODD.match(rest)
        if found is None:
            if RETURNED.match(rest) is None:
                return NOT_AN_ARRIVAL
            self._kinds["returned to sender"] += 1
            return ()
        message = self._messages.waiting.get(entry.key)
        if message is None:
            self._kinds["from= (again, or brought before the log begins)"] += 1
            return ()
        self._kinds["from="] += 1
        message.sender = found[1]
        message.size, message.expected = int(found[2]), int(found[3])
        return ()

    def _agent(self, entry: Entry) -> Iterable[Logged] | str:
        rest, messages = entry.rest, self._messages
        if not rest.startswith(b"to=<"):
            self._kinds["delivery"] += 1
            return ()
        key = (entry.host, entry.id or b"")
        message = messages.waiting.get(key)
        if message is None:
            self._kinds["to="] += 1
            return ()
        found = TO.match(rest)
        if found is None:
            return NOT_A_DELIVERY
        self._kinds["to="] += 1
        to, given = found.groups()
        return messages.give(key, message, found[0], to if given is None else given)

    def _local(self, entry: Entry) -> Iterable[Logged] | str:
        """The agent that follows `.forward` files and aliases: by messages of its own."""
        self._made(entry, FORWARDED.search(entry.rest))
        return self._agent(entry)

    def _bounce(self, entry: Entry) -> Iterable[Logged] | str:
        self._made(entry, NOTIFIED.match(entry.rest))
        return self._agent(entry)

    def _made(self, entry: Entry, found: re.Match[bytes] | None) -> None:
        """A message that Postfix has made itself."""
        if found is not None:
            self._messages.own((entry.host, found[1]), entry.at, entry.number)

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
