"""10,000 domains whose MX all expire at once, while the DNS answers after 300 ms.

Two workers in stage refuse. Each domain is asked for once; then nothing happens until every answer
has expired; then two clients come for each domain, one right behind the other, 400 a second.
What is timed is each RCPT, until its answer: the look-up is the DNS's 300 ms, the rest is mxward's.
The questions that the name server counts tell whether it was asked once per name and worker.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.peers.mxward import BACK_DOOR, DNS, Mxward
from benchmarks.peers.sinks import small_sink
from benchmarks.peers.slow_dns import SlowDns
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured
from tests.integration.servers import room

__all__ = ["run"]

_SINK = ("192.0.2.1", 25)
_MXWARD = "192.0.2.10"
_LOOK_UP = 0.3  # seconds
_HOLDS = 31.0  # seconds, by which an answer has expired
_WORKERS = 2
_RATE = 400


def run(directory: Path, effort: Effort) -> Result:
    number = effort.scaled(10_000, 100)
    domains = [f"d{n}.customers.example" for n in range(number)]
    sources = [f"192.0.2.{number}" for number in range(100, 200)]
    with ExitStack() as stack:
        for address in (BACK_DOOR, *sources):
            room.own(address)
        dns = stack.enter_context(SlowDns(directory / "dns", DNS, _LOOK_UP))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        mxward = Mxward(directory / "mxward", _MXWARD, _SINK, workers=_WORKERS, domains=domains)
        stack.enter_context(mxward)
        first = _ask(domains, sources)
        if not effort.quick:
            time.sleep(_HOLDS)
        begun = time.monotonic()
        again = _ask([name for name in domains for _ in (1, 2)], sources)
        time.sleep(0.5)
        asked = Counter(name for at, kind, name in dns.questions() if kind == "MX" and at > begun)
    rows = [
        Measured("at first, longest", [max(first) * 1000], number),
        Measured("all expired, median", [_part(again, 0.5)], 2 * number),
        Measured("all expired, p99", [_part(again, 0.99)], 2 * number),
        Measured("all expired, longest", [max(again) * 1000], 2 * number),
        Measured("questions for one name, at most", [max(asked.values(), default=0)], len(asked)),
    ]
    longest, most = rows[3].median, rows[4].median
    targets = [
        Target("longest wait for a decision, of one look-up", longest / (_LOOK_UP * 1000), 1.25),
        Target("questions for one name and worker", most / _WORKERS, 1),
    ]
    return Result("expiring", "RCPT to its answer", "ms, or questions", rows, targets)


def _ask(domains: list[str], sources: list[str]) -> list[float]:
    """Seconds from each RCPT to its answer."""
    waits: list[float] = []

    def session(number: int) -> load.Session:
        source = sources[number % len(sources)]
        return load.Session(f"user@{domains[number]}", source=source, waited=waits.append)

    load.steady(_MXWARD, 25, session, len(domains), _RATE)
    return waits


def _part(times: list[float], part: float) -> float:
    return sorted(times)[int(len(times) * part)] * 1000
