"""The memory of `mxward ingest` on ten million lines, through a pipe: the most that is resident.

The same million lines come ten times; nothing of one is left when the next one comes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import logs
from benchmarks.programs import Program
from benchmarks.programs import run as run_once
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured

__all__ = ["run"]

_TIMES = 10


def run(directory: Path, effort: Effort) -> Result:
    lines = effort.scaled(1_000_000, 3_000)
    kinds: dict[str, Callable[[], Iterable[bytes]]] = {
        "Exim": lambda: logs.exim(lines),
        "Exim, recipients by deliveries": lambda: logs.exim(lines, recipients=False),
        "Postfix": lambda: logs.postfix(lines),
    }
    rows = []
    for number, (name, made) in enumerate(kinds.items()):
        log = logs.write(directory / "log", made())
        table = directory / f"table-{number}"
        command = [sys.executable, "-m", "mxward", "ingest", "-", "--to", str(table)]
        used = run_once(Program(name, command, feed=partial(_again_and_again, log)))
        rows.append(Measured(name, [used.memory / 1e6], lines * _TIMES))
    targets = [Target(f"MB, {row.name}", row.median, 300) for row in rows]
    return Result("ingest-memory", "memory of an ingest", "MB", rows, targets)


def _again_and_again(log: Path) -> Iterator[bytes]:
    for _ in range(_TIMES):
        with log.open("rb") as file:
            while chunk := file.read(1 << 20):
                yield chunk
