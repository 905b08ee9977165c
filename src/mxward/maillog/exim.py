"""Exim's mainlog and rejectlog -> arrivals, and attempts that were not accepted.

Supported: Exim 4.72 to 4.99, every log_selector, both forms of message ids, files and syslog (with
or without Exim's own timestamp, long lines in parts), the lines of the rejectlog. Not supported:
the paniclog, message logs, and what an operator's ACLs write by `logwrite`: such lines are strange.

A sender can put anything but a line end into a log. See `exim_lines` for why that is no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mxward.maillog import syslog
from mxward.maillog.exim_arrival import arrival
from mxward.maillog.exim_chunks import Chunks
from mxward.maillog.exim_joined import Waiting
from mxward.maillog.exim_lines import HEAD
from mxward.maillog.exim_rejected import rejection
from mxward.maillog.exim_told import told
from mxward.maillog.logged import Logged, Tally
from mxward.maillog.stamps import Clock

__all__ = ["EximReader"]

LONGEST = 65536
"""Octets of a line; Exim writes 8192."""

_DELIVERIES = {b"=>": "=>", b"->": "->", b">>": ">>", b"*>": "*>", b"**": "**", b"==": "=="}
NOT_AN_ARRIVAL = "looks like an arrival, and is none"
NOT_A_DELIVERY = "looks like a delivery, and is none"
NOT_A_REJECTION = "looks like a rejection, and is none"
WRONG_DATE = "wrong date"
UNKNOWN = "nothing that Exim writes"


class EximReader:
    """Reads one log, in order. Every line is counted once, as told or as strange."""

    def __init__(
        self,
        clock: Clock,
        *,
        host: str | None = None,
        rejectlog: bool = False,
        waiting: int = 100_000,
    ) -> None:
        """`host` is who wrote the log, where syslog does not say so in each line."""
        self.tally = Tally()
        self._clock = clock
        self._host = host
        self._rejectlog = rejectlog
        self._waiting = Waiting(waiting)
        self._chunks = Chunks()
        self._hosts: dict[bytes, str] = {}

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell; they may end with a line feed. Never raises."""
        tally, told_kinds, clock = self.tally, self.tally.told, self._clock
        for line in lines:
            tally.lines += 1
            number = tally.lines
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            if len(line) > LONGEST:
                tally.wonder("longer than any line of Exim's", number, line)
                continue
            found = HEAD.match(line)
            stamp = found[1] if found else None
            if found is None or stamp is None:
                yield from self._without_time(line, number)
                continue
            at = clock.iso(stamp)
            if at is None:
                tally.wonder(WRONG_DATE, number, line)
                continue
            message, mark = found[2], found[3]
            if mark in _DELIVERIES and message and not self._waiting:
                told_kinds[_DELIVERIES[mark]] += 1
                continue
            yield from self._one(line, found.end(), at, self._host, message, mark, number)

    def end(self) -> Iterator[Logged]:
        """The messages that were not completed, with the recipients seen."""
        yield from self._waiting.end()

    def _one(
        self,
        line: bytes,
        begin: int,
        at: float,
        host: str | None,
        id_: bytes | None,
        mark: bytes | None,
        number: int,
    ) -> Iterator[Logged]:
        """One entry, whose time, id and mark stand before `begin`."""
        tally = self.tally
        message = None if id_ is None else id_.decode("ascii")
        if message is None or mark is None:
            yield from self._unmarked(line, begin, at, host, message, number)
        elif mark in (b"<=", b"(="):
            logged = arrival(line, begin, at, host, message, number)
            if logged is None:
                tally.wonder(NOT_AN_ARRIVAL, number, line)
                return
            tally.told[mark.decode()] += 1
            if logged.recipients:
                yield logged
            else:
                yield from self._waiting.put(logged)
        elif mark in _DELIVERIES:
            if self._waiting.has(host, message) and not self._waiting.delivered(
                host, message, line, begin
            ):
                tally.wonder(NOT_A_DELIVERY, number, line)
                return
            tally.told[_DELIVERIES[mark]] += 1
        elif mark == b"Completed":
            tally.told["Completed"] += 1
            yield from self._waiting.take(host, message)
        else:
            tally.wonder(UNKNOWN, number, line)

    def _unmarked(
        self, line: bytes, begin: int, at: float, host: str | None, message: str | None, number: int
    ) -> Iterator[Logged]:
        rest = line[begin:]
        if b" rejected " in rest or b"refused" in rest or rest.startswith(b"rejected "):
            logged = rejection(rest, at, host, message, number)
            if logged is not None:
                self.tally.told[logged.outcome.value] += 1
                yield logged
                return
        kind = told(rest)
        if kind is not None:
            self.tally.told[kind] += 1
        elif b" <= " in line:
            self.tally.wonder(NOT_AN_ARRIVAL, number, line)
        elif b" rejected " in rest:
            self.tally.wonder(NOT_A_REJECTION, number, line)
        else:
            self.tally.wonder(UNKNOWN, number, line)

    def _without_time(self, line: bytes, number: int) -> Iterator[Logged]:
        """A line of syslog's, or one that goes on from the line before."""
        prefixed = syslog.split(line)
        if prefixed is None:
            if self._rejectlog and _goes_on(line):
                self.tally.told["header of a rejected message"] += 1
            elif b" <= " in line:
                self.tally.wonder(NOT_AN_ARRIVAL, number, line)
            else:
                self.tally.wonder("does not begin with a time", number, line)
            return
        rest = self._chunks.join(prefixed)
        if rest is None:
            self.tally.told["part of a long line"] += 1
            return
        found = HEAD.match(rest)
        own = found[1] if found else None
        at = self._clock.iso(own) if own else self._clock.at(prefixed.stamp)
        if at is None or found is None:
            self.tally.wonder(WRONG_DATE, number, line)
            return
        host = self._name(prefixed.host) or self._host
        yield from self._one(rest, found.end(), at, host, found[2], found[3], number)

    def _name(self, octets: bytes | None) -> str | None:
        return None if octets is None else octets.decode("utf-8", "backslashreplace")


_HEADER_LETTERS = b" BCFIPRST*"


def _goes_on(line: bytes) -> bool:
    """Exim writes a letter and a blank before each header, and folds them with blanks."""
    return (
        line[1:2] == b" "
        or line[:1] in (b" ", b"\t", b"")
        or line.startswith((b"Envelope-from: <", b"Envelope-to: <", b"*** truncated ***"))
        or not line.strip(b"-")
    )
