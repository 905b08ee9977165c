"""What a plan tells of beside its changes, and how it tells numbers and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxward.lockdown.dns.moving import Move, Moved
from mxward.lockdown.dns.tally import MOST
from mxward.networks import Address

__all__ = ["About", "count", "more", "waiting"]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class About:
    """What else the plan tells of. `exact`: how long records last is known, not only what is left
    of it.
    """

    place: str
    servers: Sequence[Address]
    ttl: int
    exact: bool
    point_to: Sequence[Address] = ()
    move: Move | None = None
    moved: Moved | None = None
    certificates: Sequence[str] = ()

    def wait(self, seconds: int) -> int:
        """How long to wait, where a resolver told only what is left of a time."""
        return seconds if self.exact or not seconds else max(seconds, _DAY)


def waiting(seconds: int) -> str:
    """A time, for people."""
    for size, name in ((_DAY, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"{seconds:,} second{'' if seconds == 1 else 's'}"


def more(names: Sequence[str]) -> str:
    """How many are not named."""
    return f" and {len(names) - MOST:,} more" if len(names) > MOST else ""


def count(number: int, what: str) -> str:
    """So many of these."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
