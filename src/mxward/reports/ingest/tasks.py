"""One part of a log -> its rows in files, and what was counted. What a process is given to do."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

import pyarrow.compute as pc

from mxward.maillog.logged import Logged, Tally
from mxward.maillog.recognise import Format
from mxward.reports.ingest.partitions import Partitions
from mxward.reports.ingest.reading import Log, Part, Reading
from mxward.reports.ingest.rows import rows
from mxward.reports.ingest.sources import Source

__all__ = ["Result", "Task", "carry_out"]

_BATCH = 1 << 13
"""How many messages become rows at once."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part to be read, and where its rows go: `directory/day=.../NAME.parquet`."""

    part: Part
    format: Format
    zone: tzinfo
    host: str | None
    directory: Path
    name: str


@dataclass(slots=True)
class Result:
    """What there was."""

    tally: Tally
    problem: str = ""  # why it could not be read to its end
    rows: Counter[str] = field(default_factory=Counter)  # by outcome
    days: set[str] = field(default_factory=set)


def carry_out(
    task: Task, log: Log | None, progress: Callable[[int], None] = lambda octets: None
) -> Result:
    """Read a part, of a log that is open already or is opened now; `progress` hears of octets read.

    Raises SourceError where the log cannot be opened, OSError where the rows cannot be written.
    """
    if log is not None:
        return _carried_out(task, log, progress)
    with Source(task.part.log, task.part.start, task.part.end) as source:
        return _carried_out(task, Log(source, task.format), progress)


def _carried_out(task: Task, log: Log, progress: Callable[[int], None]) -> Result:
    reading = Reading(task.part, log, task.format, task.zone, task.host)
    result = Result(reading.tally)
    shown = _as_text(log.source.name)
    with _uncollected(), Partitions(task.directory, task.name) as partitions:
        waiting: list[Logged] = []
        read = 0
        for told in reading.messages():
            waiting += told
            if len(waiting) >= _BATCH:
                _put(waiting, task, shown, partitions, result)
            progress(log.source.read - read)
            read = log.source.read
        _put(waiting, task, shown, partitions, result)
    result.days.update(partitions.days)
    result.problem = reading.problem
    return result


def _put(
    waiting: list[Logged], task: Task, shown: str, partitions: Partitions, result: Result
) -> None:
    if waiting:
        batch = rows(waiting, shown, task.format is Format.REJECTLOG)
        waiting.clear()
        partitions.add(batch)
        for count in pc.value_counts(batch.column("outcome")).to_pylist():
            result.rows[count["values"]] += count["counts"]


def _as_text(name: str) -> str:
    """What is no text in a file's name is backslash-escaped."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is made here refers to itself: looking for garbage would only cost time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
