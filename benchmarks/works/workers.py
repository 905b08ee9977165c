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
        shares = {at_once: _Shares(two.pid) for at_once in (_MANY, _FEW)}
        contenders = [
            Contender(f"{name}, {at_once} at once", (server.pid,), load_of)
            for at_once in (_MANY, _FEW)
            for name, server, load_of in (
                ("one worker", one, _load(one.address, at_once)),
                ("two workers", two, shares[at_once].during(_load(two.address, at_once))),
            )
        ]
        rows = cpu_per_session(contenders, effort)
    targets = [
        Target(f"CPU of two workers, {at_once} at once", ratio(rows[n + 1], rows[n]), 1.1)
        for n, at_once in ((0, _MANY), (2, _FEW))
    ]
    targets += [
        Target(f"share of the busier worker, {at_once} at once", share.of_the_busier, 0.6)
        for at_once, share in shares.items()
    ]
    return Result("workers", "refused at RCPT", "us of CPU per session", rows, targets)


class _Shares:
    """How much of some loads each worker of an mxward does, by its pid."""

    def __init__(self, supervisor: int) -> None:
        self._spent = dict.fromkeys(processes.tree(supervisor)[1:], 0.0)

    def during(self, load_of: Callable[[int], float]) -> Callable[[int], float]:
        """The same load, whose work is counted."""

        def send(number: int) -> float:
            before = {pid: processes.cpu(pid) for pid in self._spent}
            took = load_of(number)
            for pid, earlier in before.items():
                self._spent[pid] += processes.cpu(pid) - earlier
            return took

        return send

    @property
    def of_the_busier(self) -> float | None:
        whole = sum(self._spent.values())
        return max(self._spent.values()) / whole if whole else None


def _load(address: str, at_once: int) -> Callable[[int], float]:
    def send(number: int) -> float:
        return load.send(address, 25, _session, number, at_once)

    return send


def _session(number: int) -> load.Session:
    return load.Session(f"user@{DOMAINS[number % _RECIPIENTS]}", source=BACK_DOOR)
