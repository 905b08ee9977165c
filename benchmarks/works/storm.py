"""A worm comes 2,000 times a second for a minute: how long do honest messages take meanwhile?

The worm's client has one core to itself as far as it can use it, and a hundred addresses. A scanner
delivers messages of 4 KB one after the other, in stage refuse, by way of mxward with its workers,
into a sink: before the storm, amid it and behind it. A delivery is all of it, from the connection
to the answer to QUIT.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.peers.mxward import DOMAINS, EGRESS, Mxward, dns
from benchmarks.peers.sinks import small_sink
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured
from tests.integration.servers import room

__all__ = ["run"]

_SINK = ("192.0.2.1", 25)
_MXWARD = "192.0.2.10"
_WORMS = [f"192.0.2.{number}" for number in range(100, 200)]
_SIZE = 4096
_PAUSE = 0.02  # seconds between two honest messages


def run(directory: Path, effort: Effort) -> Result:
    rate, seconds = effort.scaled(2000, 200), effort.scaled(60, 2)
    with ExitStack() as stack:
        for address in (EGRESS, *_WORMS):
            room.own(address)
        stack.enter_context(dns(directory))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        stack.enter_context(Mxward(directory / "mxward", _MXWARD, _SINK, workers=2))
        _storm(rate, 1).communicate()  # everything is known by now
        quiet = _deliveries(_for(seconds / 4))
        storm = _storm(rate, seconds)
        amid = _deliveries(lambda: storm.poll() is None)
        reached = _rate_of(storm)
        quiet += _deliveries(_for(seconds / 4))
    rows = [
        Measured(f"{name}, {when}", [_part(times, part)], len(times))
        for name, part in (("median", 0.5), ("p95", 0.95))
        for when, times in (("quiet", quiet), ("amid the storm", amid))
    ]
    rows.append(Measured("refused a second", [reached], int(rate * seconds)))
    return Result(
        "storm", "honest deliveries amid a storm", "ms, or a second", rows, _targets(rows)
    )


def _targets(rows: list[Measured]) -> list[Target]:
    median, median_amid, p95, p95_amid, reached = (row.median for row in rows)
    return [
        Target("median amid the storm, of the quiet one", median_amid / median, 2),
        Target("p95 amid the storm, of the quiet one", p95_amid / p95, 2),
        Target("refused a second", reached, 1900, at_least=True),
    ]


def _storm(rate: int, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.storm", _MXWARD, str(rate), str(seconds)]
    command = ["setpriv", "--pdeathsig", "KILL", *command, *_WORMS]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _rate_of(storm: subprocess.Popen[str]) -> float:
    """What it has reached. Raises Unexpected where it was told anything but 550."""
    said, _ = storm.communicate()
    if storm.returncode:
        raise load.Unexpected("the storm ended before its time: see its words above")
    return float(said)


def _for(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _deliveries(lasts: Callable[[], bool]) -> list[float]:
    """How long each takes, in seconds. Raises Unexpected where one is not taken."""
    times: list[float] = []
    while lasts():
        session = load.Session(f"user@{DOMAINS[len(times) % 1000]}", _SIZE, EGRESS)
        times.append(load.send(_MXWARD, 25, lambda _: session, 1, 1))  # noqa: B023
        time.sleep(_PAUSE)
    return times


def _part(times: list[float], part: float) -> float:
    """Milliseconds within which so much of all was done."""
    return sorted(times)[int(len(times) * part)] * 1000
