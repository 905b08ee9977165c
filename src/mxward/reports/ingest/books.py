"""The logs that are read into a table: each opened, known by how it begins, accounted for."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from mxward.maillog.logged import Tally
from mxward.reports import parquet
from mxward.reports.ingest.boundaries import parts
from mxward.reports.ingest.reading import Log, Part
from mxward.reports.ingest.series import following
from mxward.reports.ingest.sources import Source, SourceError
from mxward.reports.ingest.tasks import Result, Task

__all__ = ["Book", "Books", "Outcome"]


@dataclass(slots=True)
class Outcome:
    """What was read, and what could not be."""

    tallies: dict[str, Tally] = field(default_factory=dict)  # by log
    problems: list[str] = field(default_factory=list)  # what could not be read to its end
    remarks: list[str] = field(default_factory=list)  # what should be known, and may stay
    rows: Counter[str] = field(default_factory=Counter)  # by what became of them
    days: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Book:
    """One log while it is read: its place in the table, and what its parts have come to.

    `stack` holds the log open, and its place for nobody else; close it in the end.
    """

    name: str
    log: Log
    place: parquet.Place
    stack: ExitStack
    tasks: list[Task] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)  # by the number of the part


class Books:
    """All logs of one run, and what they have come to so far."""

    def __init__(
        self, logs: Sequence[str], directory: Path, zone: tzinfo, host: str | None
    ) -> None:
        self.outcome = Outcome()
        self.sizes = {log: _size(log) for log in logs}  # None: it cannot be opened twice
        self._directory = directory
        self._zone = zone
        self._host = host
        self._follows = following(logs)
        self._read: dict[str, tuple[str, bytes]] = {}  # by id: the name, and how it begins

    def open(self, log: str, share: int | None = None) -> Book | None:
        """Open a log, to be read in parts of about `share` octets; None where there is none.

        Raises OSError where the table cannot be written.
        """
        with ExitStack() as stack:
            try:
                opened = Log(stack.enter_context(Source(log)))
                if opened.format is None:
                    self.outcome.tallies[opened.source.name] = Tally()
                    self.outcome.remarks.append(f"{opened.source.name}: is empty")
                    return None
                place = self._place(opened.source)
                if place is None:
                    return None
                stack.enter_context(parquet.claimed(place))
            except (SourceError, parquet.TableError) as why:
                self.outcome.problems.append(str(why))
                return None
            book = Book(log, opened, place, stack.pop_all())
        whole = Part(log, follows=self._follows.get(log))
        count = -(-(opened.source.size or 0) // share) if share else 1
        for part in parts(opened, whole, count, self._zone):
            name = f"{place.id}-{part.number}"
            task = Task(part, opened.format, self._zone, self._host, place.scratch, name)
            book.tasks.append(task)
        return book

    def _place(self, source: Source) -> parquet.Place | None:
        """None where the same log was read by another name."""
        beginning = source.beginning
        place = parquet.place_of(self._directory, beginning, self._host)
        if self._read.get(place.id, ("", beginning))[1] != beginning:
            place = parquet.new_place(self._directory, beginning, self._host)
        if place.id in self._read:
            other = self._read[place.id][0]
            self.outcome.remarks.append(f"{source.name}: begins as {other} does, and was left out")
            return None
        self._read[place.id] = (source.name, beginning)
        return place

    def finish(self, book: Book) -> None:
        """All of a log was read as far as it goes: its rows take their place in the table.

        Raises OSError.
        """
        tally, outcome = Tally(), self.outcome
        results = [result for _, result in sorted(book.results.items())]
        for result in results:
            tally.add(result.tally)
        tally.told, tally.strange = +tally.told, +tally.strange  # without what came to nothing
        outcome.tallies[book.log.source.name] = tally
        problems = dict.fromkeys(result.problem for result in results if result.problem)
        outcome.problems += problems
        earlier = book.place.counted()
        if problems and earlier is not None and earlier.lines > tally.lines:
            name = book.log.source.name
            outcome.remarks.append(f"{name}: more of it was read before, which was kept")
            return
        for result in results:
            outcome.rows.update(result.rows)
            outcome.days |= result.days
        book.place.publish(book.log.source.name, self._host, tally)


def _size(log: str) -> int | None:
    if log == "-":
        return None
    try:
        about = Path(log).stat()
    except (OSError, ValueError):
        return 0
    return about.st_size if stat.S_ISREG(about.st_mode) else None
