"""Postfix's mail log -> arrivals, and attempts that were not accepted.

Supported: Postfix 2.6 to 3.12, through syslog or as `maillog_file`, RFC 3164, ISO and RFC 5424
timestamps, short and long queue ids, any `syslog_name`, several instances, with and without ports.
What was accepted is logged without HELO, protocol and interface. Not supported: `smtpd -v`, qmqpd.
Told, and no arrivals: messages that were brought before the log begins, and Postfix's own about
itself (probes, notices to the postmaster). Recipients that `always_bcc` adds are told as given.

A message that a content filter gives back is an arrival of its own, from that filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mxward.maillog import syslog
from mxward.maillog.logged import Elsewhere, Logged, Tally
from mxward.maillog.octets import text
from mxward.maillog.postfix_daemons import Daemons, Handler
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Messages
from mxward.maillog.postfix_lines import DAEMON, DAEMONS, ID, OF_POSTFIX
from mxward.maillog.postfix_prefix import Prefix
from mxward.maillog.postfix_quick import BEGINS, Quick
from mxward.maillog.postfix_smtpd import Smtpd
from mxward.maillog.stamps import Clock
from mxward.maillog.strange import LONGEST, NO_TIME, TOO_LONG, WRONG_DATE

__all__ = ["PostfixReader"]

_NOTHING = b"\n"  # with which no line begins


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
        self._handlers: dict[bytes, Handler] = {
            b"smtpd": self._smtpd.read,
            **Daemons(self._kinds, self._messages).handlers,
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
                if handle is None:  # of a daemon that does nothing here, or of another program
                    before, begin = _NOTHING, 0
                    yield from self._unusual(line, number)
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
