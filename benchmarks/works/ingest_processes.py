"""Two processes of `mxward ingest` on one log, and one: by the clock on the wall.

The log is Exim's, plain, three million lines; each process reads a half. Needs two cores that
nobody else wants: look at the load average first.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import logs
from benchmarks.programs import in_turn
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, ratio
from benchmarks.works.reading_logs import ingest

__all__ = ["run"]


def run(directory: Path, effort: Effort) -> Result:
    lines = effort.scaled(3_000_000, 130_000)  # two processes are worth while from 32 MB on
    log = logs.write(directory / "mainlog", logs.exim(lines))
    programs = [ingest(f"--jobs {jobs}", log, "--jobs", str(jobs)) for jobs in (1, 2)]
    rows = in_turn(programs, effort.pairs, lines, lambda used: used.wall)
    target = Target("one process, of two", ratio(rows[0], rows[1]), 1.7, at_least=True)
    return Result("ingest-processes", "one log by two processes", "s", rows, [target])
