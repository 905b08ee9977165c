"""The questions of `mxward report` over 4 million arrivals in Parquet, all front doors known.

Each is asked by a process of its own, from a store and a table in memory (`/dev/shm`), and the time
is that from the configuration to the answer, Python's start left out. Of the 100,000 keys, three in
four are the scanner's; a few keys bring most of the mail. `report` is all that the command asks,
over 10 million arrivals; its memory is the most that the process has had.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured

__all__ = ["run"]


def run(directory: Path, effort: Effort) -> Result:
    keys = effort.scaled(100_000, 100)
    arrivals, many = effort.scaled(4_000_000, 5_000), effort.scaled(10_000_000, 5_000)
    place = _written(directory / "asked", arrivals, keys)
    found: dict[str, list[float]] = {"who": [], "what-if": []}
    for number in range(effort.pairs):
        for what in sorted(found, reverse=bool(number % 2)):
            found[what].append(_asked(place, what)["seconds"])
    whole = _asked(_written(directory / "many", many, keys), "report")
    rows = [Measured(what, seconds, arrivals) for what, seconds in found.items()]
    report = Measured("report", [whole["seconds"]], many)
    memory = Measured("report, MB", [whole["megabytes"]], many)
    targets = [
        Target("who uses the back door, s", rows[0].median, 2),
        Target("a what-if, s", rows[1].median, 3),
        Target(f"MB of a report over {many:,} arrivals", memory.median, 1_000),
    ]
    return Result(
        "questions", "questions over Parquet", "s, or MB", [*rows, report, memory], targets
    )


def _written(place: Path, arrivals: int, keys: int) -> Path:
    place.mkdir()
    _step(place, "write", arrivals, keys)
    return place


def _asked(place: Path, what: str) -> dict[str, float]:
    found: dict[str, float] = json.loads(_step(place, what))
    return found


def _step(place: Path, *words: object) -> str:
    command = [sys.executable, "-m", "benchmarks.asked", str(place), *map(str, words)]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
