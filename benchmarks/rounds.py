"""Contenders measured in turn, again and again, so that whatever else the machine does meets all.

A round measures each contender once; every other round goes backwards. What is told is the median
over the rounds; a ratio is the median of the ratios within each round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks import processes

__all__ = ["Contender", "Effort", "Measured", "cpu_per_session", "ratio", "throughput"]

_LEAST, _MOST = 100, 20_000  # sessions in one measurement
_SETTLE = 0.1
"""Seconds in which servers may end what they still do after the last reply."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done. `cpu` is the seconds that a contender should work in each round."""

    pairs: int = 5
    cpu: float = 1.0
    quick: bool = False

    def scaled(self, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True, slots=True)
class Contender:
    """Who is measured: `pids` are all its servers, `load(n)` sends it n sessions.

    `settled` returns when nothing of them is under way.
    """

    name: str
    pids: tuple[int, ...]
    load: Callable[[int], float]
    settled: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a contender came to in each round, in the order of the rounds."""

    name: str
    values: list[float] = field(default_factory=list)
    sessions: int = 0  # in each round

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def cpu_per_session(contenders: Sequence[Contender], effort: Effort) -> list[Measured]:
    """Microseconds of CPU, user and system, per session."""
    counts = {each.name: _enough(each, effort) for each in contenders}

    def once(contender: Contender) -> float:
        return _cpu(contender, counts[contender.name])

    return _rounds(contenders, effort.pairs, once, counts)


def throughput(
    contenders: Sequence[Contender], pairs: int, number: int, size: int
) -> list[Measured]:
    """Megabytes a second, `number` messages of `size` bytes at a time."""

    def once(contender: Contender) -> float:
        return number * size / contender.load(number) / 1e6

    for contender in contenders:
        contender.load(max(1, number // 4))
    return _rounds(contenders, pairs, once, dict.fromkeys((c.name for c in contenders), number))


def ratio(ours: Measured, theirs: Measured) -> float | None:
    """The median of ours/theirs within each round; None where theirs was too short to be seen."""
    if not all(theirs.values):
        return None
    pairs = zip(ours.values, theirs.values, strict=True)
    return statistics.median(mine / other for mine, other in pairs)


def _rounds(
    contenders: Sequence[Contender],
    pairs: int,
    once: Callable[[Contender], float],
    counts: dict[str, int],
) -> list[Measured]:
    measured = {each.name: Measured(each.name, sessions=counts[each.name]) for each in contenders}
    for number in range(pairs):
        turn: Iterable[Contender] = reversed(contenders) if number % 2 else contenders
        for contender in turn:
            measured[contender.name].values.append(once(contender))
    return list(measured.values())


def _enough(contender: Contender, effort: Effort) -> int:
    """How many sessions take `effort.cpu`; finding it out warms the contender up."""
    if effort.quick:
        return 20
    contender.load(1000)
    return min(max(round(effort.cpu * 1e6 / max(_cpu(contender, 400), 1)), _LEAST), _MOST)


def _cpu(contender: Contender, number: int) -> float:
    before = sum(map(processes.cpu, contender.pids))
    contender.load(number)
    contender.settled()
    time.sleep(_SETTLE)
    return (sum(map(processes.cpu, contender.pids)) - before) / number * 1e6
