"""What a supervisor has to do now: start, retire, kill. Pure; the supervisor carries it out.

Each worker has a seat, and belongs to a generation: those that inherited the same listening
sockets from the same program. A new generation takes over when all of it is ready, and not before:
until then the older one serves, however often the new ones die.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["HEARTBEAT_LIMIT", "START_LIMIT", "Duties", "Seen", "State", "duties"]

HEARTBEAT_LIMIT = 30.0
"""Seconds without a heartbeat after which a worker's event loop counts as hung."""
START_LIMIT = 600.0
"""Seconds until a worker must be ready; it may have to read a million remembered answers."""


class State(StrEnum):
    """How far a worker has come."""

    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"  # takes nobody new


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker, as it is seen now. `heard` is its last heartbeat, or its start; None: unknown."""

    pid: int
    seat: int
    generation: int
    state: State
    heard: float | None


@dataclass(frozen=True, slots=True)
class Duties:
    """Seats to fill, and the pids of those to retire and to kill."""

    start: tuple[int, ...] = ()
    retire: tuple[int, ...] = ()
    kill: tuple[int, ...] = ()


def duties(
    staff: Collection[Seen], seats: int, generation: int, due: Mapping[int, float], now: float
) -> Duties:
    """What is to be done for `seats` workers of this generation; `due` says from when, by seat."""
    working = [x for x in staff if x.state is not State.LEAVING]
    current = {x.seat: x for x in working if x.generation == generation and x.seat < seats}
    taken_over = len(current) == seats and all(x.state is State.READY for x in current.values())
    superfluous = [
        x for x in working if x.seat >= seats or (x.generation != generation and taken_over)
    ]
    return Duties(
        tuple(s for s in range(seats) if s not in current and due.get(s, 0.0) <= now),
        tuple(x.pid for x in superfluous if x.generation == generation or taken_over),
        tuple(x.pid for x in staff if _hangs(x, now)),
    )


def _hangs(worker: Seen, now: float) -> bool:
    if worker.heard is None:
        return False
    limit = START_LIMIT if worker.state is State.STARTING else HEARTBEAT_LIMIT
    return now - worker.heard > limit
