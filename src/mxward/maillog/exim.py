"""Exim's mainlog and rejectlog -> arrivals, and attempts that were not accepted.

Supported: Exim 4.72 to 4.99, every log_selector, both forms of message ids, files and syslog (with
or without Exim's own timestamp, long lines in parts), the lines of the rejectlog. Not supported:
the paniclog, message logs, and what an operator's ACLs write by `logwrite`: such lines are strange.

A sender can put anything but a line end into a log. See `exim_lines` for why that is no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mxward.maillog import syslog
from mxward.maillog.exim_chunks import Chunks, Part
from mxward.maillog.exim_entries import ANY_TIME, DELIVERIES, KIND_OF, Entries
from mxward.maillog.exim_joined import Waiting
from mxward.maillog.exim_lines import DATED
from mxward.maillog.exim_quick import plain
from mxward.maillog.exim_rejected import Copies
from mxward.maillog.exim_told import goes_on
from mxward.maillog.logged import Elsewhere, Logged, Outcome, Tally
from mxward.maillog.stamps import Clock
from mxward.maillog.strange import (
    LONGEST,
    NO_BEGINNING,
    NO_TIME,
    NOT_AN_ARRIVAL,
    TOO_LONG,
    WRONG_DATE,
)

__all__ = ["EximReader"]

_AFTER_ID = {b" %s " % mark: kind for mark, kind in DELIVERIES.items()} | {b" Com": "Completed"}
_PLETED = {b"pleted", b"pleted\n", b"pleted\r\n"}
_MOSTLY = (*_AFTER_ID.values(), *KIND_OF.values())
"""The kinds of lines that a log mostly consists of."""
_ENDS = (b"\n", b"\r")
_LONGEST_ID = 32  # with its mark
_MOST_KNOWN = 10_000
_ACCEPTED = Outcome.ACCEPTED


class EximReader:
    """Reads one log, in order. Every line is counted once, as told or as strange."""

    def __init__(
        self,
        clock: Clock,
        *,
        host: str | None = None,
        rejectlog: bool = False,
        waiting: int = 100_000,
        tally: Tally | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`host` is who wrote the log, where syslog does not say so in each line.

        A `tally` is shared with who else reads the same log; lines of other programs are given to
        `elsewhere`, once they are counted.
        """
        self._elsewhere = elsewhere
        self.tally = Tally() if tally is None else tally
        self._clock = clock
        self._host = host
        self._rejectlog = rejectlog
        self._headers_end = -1  # the last line of a rejected message's headers
        self._waiting = Waiting(waiting)
        self._entries = Entries(self.tally, self._waiting)
        self._chunks = Chunks()
        self._copies = Copies()

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell; they may end with a line feed. Never raises."""
        counts = dict.fromkeys(_MOSTLY, 0)  # a Counter is slower
        try:
            yield from self._read(lines, counts)
        finally:
            self.tally.told.update({kind: count for kind, count in counts.items() if count})

    def _read(self, lines: Iterable[bytes], counts: dict[str, int]) -> Iterator[Logged]:
        tally, waiting, host = self.tally, self._waiting.messages, self._host
        at, begins = 0.0, b"none"  # most lines have the time of the line before
        before = after = 0  # where in a line its id begins and ends
        known: set[bytes] = set()  # the ids of messages that were told: what follows is counted
        for number, line in enumerate(lines, tally.lines + 1):
            tally.lines = number
            if len(line) > LONGEST:
                tally.wonder(TOO_LONG, number, line)
                continue
            same = line[:before] == begins
            kind = _AFTER_ID.get(line[after : after + 4]) if same else None
            if kind is not None and (kind != "Completed" or line[after + 4 :] in _PLETED):
                id_ = line[before:after]
                key = (host, id_.decode("latin-1")) if waiting else None
                if key in waiting:
                    if kind == "Completed":
                        counts[kind] += 1
                        yield from self._waiting.take(key)
                        continue
                    if line[-1:] not in _ENDS and self._waiting.delivered(key, line, after + 3):
                        counts[kind] += 1
                        continue
                elif id_ in known:
                    counts[kind] += 1
                    continue
            if line[-1:] in _ENDS:
                line = line.removesuffix(b"\n").removesuffix(b"\r")
            if not same:
                dated = self._dated(line)
                if dated is None:
                    yield from self._undated(line, number)
                    continue
                at, begins = dated
                before = len(begins)
            end = line.find(b" <= ", before, before + _LONGEST_ID)
            if end > 0:
                after = end
            logged = plain(line, before, at, host, number)
            if logged is None:
                tells = self._entries.tell(line, before, at, host, number)
            elif logged.recipients:
                # Hashing an Outcome takes Python code: what most are is not looked up.
                counts["<=" if logged.outcome is _ACCEPTED else KIND_OF[logged.outcome]] += 1
                tells = (logged,)
            else:
                tells = self._entries.arrived(logged, "<=", line, number)
            for logged in tells:
                if logged.message is not None:
                    if len(known) >= _MOST_KNOWN:
                        known.clear()
                    known.add(logged.message.encode("ascii"))
                yield logged

    def unfinished(self) -> set[bytes]:
        """The ids of the messages that wait."""
        return {message.encode("ascii") for _, message in self._waiting.messages}

    def end(self) -> Iterator[Logged]:
        """The messages that were not completed, with the recipients seen."""
        yield from self._waiting.end()

    def held(self) -> Any:
        """See `kept`."""
        return (self._waiting.held(), self._chunks.held(), self._copies.held())

    def resume(self, held: Any) -> None:
        """Go on from there."""
        waiting, chunks, copies = held
        self._waiting.resume(waiting)
        self._chunks.resume(chunks)
        self._copies.resume(copies)

    def _dated(self, line: bytes) -> tuple[float, bytes] | None:
        """Its time, and what stands there up to the blank after it."""
        found = DATED.match(line)
        at = None if found is None else self._clock.iso(found[1])
        return None if found is None or at is None else (at, found[0])

    def _undated(self, line: bytes, number: int) -> Iterable[Logged]:
        """A line of syslog's, or one that goes on from the line before; or with a wrong date."""
        if DATED.match(line):
            self.tally.wonder(WRONG_DATE, number, line)
            return ()
        prefixed = syslog.split(line)
        if prefixed is not None:
            return self._from_syslog(prefixed, line, number)
        after_headers = self._headers_end == number - 1  # a rejectlog put after a mainlog
        if (self._rejectlog or after_headers or line.startswith(b"Envelope-from: <")) and goes_on(
            line
        ):
            self._headers_end = number
            self.tally.told["header of a rejected message"] += 1
        else:
            self.tally.wonder(NOT_AN_ARRIVAL if b" <= " in line else NO_TIME, number, line)
        return ()

    def _from_syslog(self, prefixed: syslog.Prefixed, line: bytes, number: int) -> Iterable[Logged]:
        if not prefixed.program.startswith(b"exim"):
            if self._elsewhere is not None and (told := self._elsewhere(line)) is not None:
                return told
            self.tally.told["of another program"] += 1
            return ()
        entry = self._chunks.join(prefixed)
        if isinstance(entry, Part):
            if entry is Part.LOST:
                self.tally.wonder(NO_BEGINNING, number, line)
            else:
                self.tally.told["part of a long line"] += 1
            return ()
        entry = entry.partition(b"\n")[0]  # the headers of a rejected message follow
        dated = DATED.match(entry)
        at = self._clock.at(prefixed.stamp if dated is None else dated[1])
        if at is None:
            self.tally.wonder(WRONG_DATE, number, line)
            return ()
        if b"reject" in entry and self._copies.is_one(prefixed, at, entry):
            self.tally.told["for the rejectlog"] += 1
            return ()
        host = self._host
        if prefixed.host is not None:
            host = prefixed.host.decode("utf-8", "backslashreplace")
        if dated is None:
            return self._entries.tell(ANY_TIME + entry, len(ANY_TIME), at, host, number)
        return self._entries.tell(entry, dated.end(), at, host, number)
