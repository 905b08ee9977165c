"""One log, or a part of one -> what it tells, in order, in bounded memory.

A log may be read in parts, by several processes. Whoever reads a part reads on after its end, in
the rest of the log and in the one that follows it by rotation, but only for messages that began in
its own part and are not complete there; whoever reads what comes before does the same. So each
message is told once, with all that is known of it, and the parts tell what the whole does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import chain

from mxward.maillog.logged import Logged, Reader, Tally
from mxward.maillog.recognise import ENOUGH, Format, reader_for, recognise
from mxward.maillog.stamps import Clock
from mxward.reports.ingest.afterwards import afterwards
from mxward.reports.ingest.sources import Block, Source, SourceError

__all__ = ["CUT_OFF", "Log", "Part", "Reading"]

CUT_OFF = "has no end: it may have been cut off"


@dataclass(frozen=True, slots=True)
class Part:
    """What lies between two octets of a log, both where lines begin; or all of it."""

    log: str
    number: int = 0
    start: int = 0
    end: int | None = None
    follows: str | None = None  # the log that goes on where this one ends


class Log:
    """An opened log whose first lines have been looked at. Raises SourceError.

    What it is may be known already.
    """

    def __init__(self, source: Source, known: Format | None = None) -> None:
        self.source = source
        self._blocks = source.blocks()
        self._first = next(self._blocks, None)
        self.format = known
        if self._first is None and source.problem:
            raise SourceError(source.problem)
        if self._first is not None and known is None:
            self.format = _format(self._first, source)

    @property
    def empty(self) -> bool:
        return self._first is None

    def blocks(self) -> Iterator[Block]:
        """All of it, once."""
        return chain(() if self._first is None else (self._first,), self._blocks)


def _format(block: Block, source: Source) -> Format:
    for first in range(0, len(block), ENOUGH):
        found = recognise(block[first : first + ENOUGH])
        if found is not None:
            return found
    if source.problem:
        raise SourceError(source.problem)
    if b"\0" in source.beginning:
        raise SourceError(f"{source.name}: is no log but something binary")
    raise SourceError(f"{source.name}: is no log of Exim's or Postfix's")


class Reading:
    """Reads one part; `tally` and `problem` say how it went."""

    def __init__(
        self, part: Part, log: Log, found: Format | None, zone: tzinfo, host: str | None
    ) -> None:
        self.tally = Tally()
        self.problem = ""  # why the part could not be read to its end
        self._part = part
        self._log = log
        self._found, self._zone, self._host = found, zone, host

    def _new_reader(self) -> Reader:
        clock = Clock(self._zone, self._log.source.changed_at)
        return reader_for(self._found, clock, host=self._host)

    def messages(self) -> Iterator[Iterable[Logged]]:
        """What the part tells, and what the rest tells of its messages; some at a time."""
        reader, source = self._new_reader(), self._log.source
        reader.tally.lines = before = _lines_before(self._part)
        for block in self._log.blocks():
            if block.unfinished and reader.tally.lines:  # what is pasted alone needs no end
                self._left_out(reader.tally, block.pop())
            yield reader.read(block)
        self.problem = source.problem or self.problem
        last = reader.tally.lines
        self.tally.add(reader.tally)
        self.tally.lines -= before
        for told in chain(self._rest(reader), [reader.end()]):
            yield (logged for logged in told if logged.line <= last)

    def _left_out(self, tally: Tally, line: bytes) -> None:
        tally.lines += 1
        tally.wonder(CUT_OFF, tally.lines, line)
        name = self._log.source.name
        self.problem = f"{name}: ends in the middle of line {tally.lines}, which was left out"

    def _rest(self, reader: Reader) -> Iterator[list[Logged]]:
        """Of the log itself, and of the one that follows it."""
        part = self._part
        if part.end is not None:
            with Source(part.log, part.end) as source:
                yield from afterwards(reader, source, self._new_reader(), self.tally)
        if part.follows is not None and reader.unfinished():
            try:
                with Source(part.follows) as source:
                    yield from afterwards(reader, source, self._new_reader(), Tally())
            except SourceError:  # whoever reads it for itself says so
                pass


def _lines_before(part: Part) -> int:
    if not part.start:
        return 0
    with Source(part.log, 0, part.start) as source:
        return sum(piece.count(b"\n") for piece in source.pieces())
