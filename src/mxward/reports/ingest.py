"""Log files -> the table of arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Logged, Tally
from mxward.maillog.stamps import Clock
from mxward.reports.parquet import Partitions
from mxward.reports.rows import rows
from mxward.reports.sources import Source, SourceError
from mxward.reports.zones import zone_named

__all__ = ["Outcome", "ingest", "zone_named"]

_BATCH = 1 << 14  # messages that become rows at once


@dataclass(slots=True)
class Outcome:
    """What was read, and what could not be."""

    tallies: dict[str, Tally] = field(default_factory=dict)  # by log
    problems: list[str] = field(default_factory=list)  # one line each


def ingest(logs: Sequence[str], directory: Path, *, zone: tzinfo) -> Outcome:
    """Read logs into the table in a directory. What cannot be read is told, not raised."""
    outcome = Outcome()
    for number, log in enumerate(logs):
        try:
            with Source(log) as source:
                reader = EximReader(Clock(zone, source.changed_at))
                with Partitions(directory, f"log-{number}") as partitions:
                    waiting: list[Logged] = []
                    for block in source.blocks():
                        waiting += reader.read(block)
                        if len(waiting) >= _BATCH:
                            partitions.add(rows(waiting, log, copy=False))
                            waiting.clear()
                    waiting += reader.end()
                    partitions.add(rows(waiting, log, copy=False))
            outcome.tallies[log] = reader.tally
            if source.problem:
                outcome.problems.append(source.problem)
        except SourceError as error:
            outcome.problems.append(str(error))
    return outcome
