"""Two workers on one listening socket: what a refused session costs, and how they share the work.

A worker's share of the sessions is told by its share of the CPU: each session costs the same.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load, processes
from benchmarks.peers.mxward import BACK_DOOR, DOMAINS, Mxward, dns
from benchmarks.peers.sinks import small_sink
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, cpu_per_session, ratio
from tests.integration.servers import room

_SINK = ("192.0.2.1", 25)
_RECIPIENTS = 100  # so few that both workers know them all when it is measured
_MANY, _FEW = 20, 4  # sessions at once


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        room.own(BACK_DOOR)
        stack.enter_context(dns(directory))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        one = Mxward(directory / "one", "192.0.2.10", _SINK, workers=1)
        two = Mxward(directory / "two", "192.0.2.11", _SINK, workers=2)
        for server in (one, two):
            stack.enter_context(server)
        busier = _Busier(two.pid)
        contenders = [
            Contender(f"{name}, {at_once} at once", (server.pid,), _load(server.address, at_once))
            for at_once in (_MANY, _FEW)
            for name, server in (("one worker", one), ("two workers", two))
        ]
        rows = cpu_per_session(contenders, effort)
        share = busier.share()
    targets = [
        Target(f"CPU of two workers, {at_once} at once", ratio(rows[n + 1], rows[n]), 1.1)
        for n, at_once in ((0, _MANY), (2, _FEW))
    ]
    targets.append(Target("share of the busier worker", share, 0.6))
    return Result("workers", "refused at RCPT", "us of CPU per session", rows, targets)


class _Busier:
    """How much of the work the busier worker of an mxward does, from now on."""

    def __init__(self, supervisor: int) -> None:
        self._before = {pid: processes.cpu(pid) for pid in processes.tree(supervisor)[1:]}

    def share(self) -> float | None:
        spent = [processes.cpu(pid) - before for pid, before in self._before.items()]
        return max(spent) / sum(spent) if sum(spent) else None


def _load(address: str, at_once: int) -> Callable[[int], float]:
    def send(number: int) -> float:
        return load.send(address, 25, _session, number, at_once)

    return send


def _session(number: int) -> load.Session:
    return load.Session(f"user@{DOMAINS[number % _RECIPIENTS]}", source=BACK_DOOR)
