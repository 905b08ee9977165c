"""A decision with everything known, over random domains of a million; and what the million weighs.

It runs in a process of its own, which makes its memory as `mxward serve` does: an inventory read
from a file, and the remembered MX of each domain read from a store. The domains share 3,000 sets of
MX hosts of three scanners. Half of the clients are their scanner's egress, the others come by the
back door. Before anything is timed, each domain was decided on once.

Time is that of Decider.at_once by the monotonic clock, the clock's own included (some 0.1 us), and
whatever the garbage collector does meanwhile. The memory is how much the process's resident set has
grown from before the inventory was read until each domain was decided on.
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
    domains, decisions = effort.scaled(1_000_000, 1_000), effort.scaled(200_000, 1_000)
    _step(directory, "remember", domains)
    found = json.loads(_step(directory, "decide", domains, decisions, effort.pairs))
    rows = [Measured(name, found[name], decisions) for name in ("p50", "p99", "p99.9")]
    weight = Measured("bytes a domain", [found["bytes"]], domains)
    targets = [
        Target(f"p99 with {domains:,} domains, us", rows[1].median, 20),
        Target("bytes a domain", weight.median, 400),
    ]
    return Result("decisions", "a decision at once", "us, or bytes", [*rows, weight], targets)


def _step(directory: Path, *words: object) -> str:
    """Run a step of benchmarks.million and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.million", str(directory), *map(str, words)]
    command = ["setpriv", "--pdeathsig", "KILL", *command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
