"""10,000 front-door addresses of a packet filter replaced again and again, while another process
sends first packets of connections as fast as one core can: is any of them decided wrongly?

Two network namespaces and a wire. Half of the packets come from addresses and networks that each
replacement lets in, the others from strangers; a table of the benchmark's own counts both right
before the filter does. Each replacement brings 10,000 other addresses, but for those that stay, and
is loaded as `mxward lockdown nftables` writes it. The time is that of `nft -f`, its start included.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path

from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured
from tests.integration.hosts import nft
from tests.integration.storm_of_syns import Found, Storm

__all__ = ["run"]

_LEAST = 1_000_000
"""Packets, below which it was no load."""


def run(directory: Path, effort: Effort) -> Result:
    size, times = effort.scaled(10_000, 200), effort.scaled(40, 2)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{nft(directory)}:{before}"
    try:
        found = {version: _replaced(version, size, times) for version in (4, 6)}
    finally:
        os.environ["PATH"] = before
    rows = [
        Measured(f"IPv{version}, replaced, ms", [statistics.median(each.seconds) * 1000], times)
        for version, each in found.items()
    ]
    packets = sum(each.known + each.strangers for each in found.values())
    wrong = sum(each.wrong for each in found.values())
    rows += [
        Measured("packets decided meanwhile", [packets], packets),
        Measured("decided wrongly", [wrong], packets),
    ]
    targets = [
        Target("packets decided wrongly", wrong, 0),
        Target("packets decided meanwhile", packets, _LEAST, at_least=True),
    ]
    return Result("firewall", f"{size:,} addresses replaced", "ms, or packets", rows, targets)


def _replaced(version: int, size: int, times: int) -> Found:
    with Storm(version) as storm:
        for number in range(1, times + 1):
            storm.replace(number, size)
        return storm.ends()
