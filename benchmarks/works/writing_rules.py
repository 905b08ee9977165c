"""All files of each way of `mxward lockdown` for 100,000 domains, all look-ups known: the seconds,
the memory, and how many files are written when nothing has changed.

Each way is a process of its own, on a memory file system. Rules are a few tables with all domains;
the DNS plan is four files for each domain, and the ledger.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured

__all__ = ["run"]

_WAYS = ("exim", "postfix", "nftables", "dns")
_SECONDS, _MEGABYTES = 60, 500


def run(directory: Path, effort: Effort) -> Result:
    domains = effort.scaled(100_000, 300)
    rows, targets = [], []
    for way in _WAYS:
        told = _written(way, directory / way, domains)
        first = Measured(f"{way}, s", [told["first"]], domains)
        again = Measured(f"{way}, again, s", [told["again"]], domains)
        memory = Measured(f"{way}, MB", [told["MB"]], domains)
        rows += [first, again, memory]
        targets += [
            Target(f"s, {way}", first.median, _SECONDS),
            Target(f"MB, {way}", memory.median, _MEGABYTES),
            Target(f"files written again, {way}", told["written_again"], 0),
        ]
    return Result("writing-rules", "rules written for all domains", "s, or MB", rows, targets)


def _written(way: str, place: Path, domains: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.written", way, str(place), str(domains)]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)
