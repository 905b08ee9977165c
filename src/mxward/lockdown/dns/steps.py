"""The order of all steps in the DNS, and how long to wait for each.

A resolver may go on telling what it has heard for as long as the records last (their TTL), and that
there is nothing for as long as the zone says (RFC 2308). So a step is over when the records that it
took away have been forgotten everywhere. Where something is changed, and not only taken away, its
TTL is lowered first and raised again at the end: then each way back is short as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from mxward.lockdown.dns.kept import Set
from mxward.lockdown.dns.records import Change, lowered

__all__ = ["ORDER", "Part", "Way", "of_zone", "stem"]


class Way(StrEnum):
    """What is done."""

    DROP = "drop"
    POINT = "point"
    MOVE = "move"


ORDER = {
    Way.DROP: ("spf", "names"),
    Way.POINT: ("ttl", "spf", "names", "settle"),
    Way.MOVE: ("ttl", "new", "spf-add", "spf-remove", "settle"),
}
"""The steps of each way. `ttl` and `settle` come of the others."""

_LOWERED = {Way.POINT: ("names",), Way.MOVE: ("new", "spf-add", "spf-remove")}


class Part(NamedTuple):
    """One step in one zone: a script, and one back."""

    step: str
    number: int
    changes: tuple[Change, ...]
    pending: bool

    @property
    def wait(self) -> int:
        """Seconds until what was is forgotten."""
        return max((change.was_ttl for change in self.changes if change.was), default=0)

    @property
    def back(self) -> tuple[Change, ...]:
        """What takes it back."""
        return tuple(change.back for change in self.changes)


def stem(way: Way, part: Part) -> str:
    """The name of the files of a part, less what they end in: `2-names`, then `2-names-2`."""
    order = ORDER[way].index(part.step) + 1
    return f"{order}-{part.step}" + (f"-{part.number}" if part.number > 1 else "")


def of_zone(way: Way, sets: Sequence[Set], ttl: int) -> Iterator[Part]:
    """The parts of one zone in their order; `ttl` is what records have on the way."""
    low = _LOWERED.get(way, ())
    numbers = sorted({each.number for each in sets})
    for step in ORDER[way]:
        for number in numbers:
            here = [each for each in sets if each.number == number]
            part = _part(step, number, here, low, ttl)
            if part.changes:
                yield part


def _part(step: str, number: int, sets: Sequence[Set], low: Sequence[str], ttl: int) -> Part:
    moving = [each for key in low for each in sets if each.step == key]
    pending = any(each.pending for each in moving)
    if step == "ttl":
        changes = {c.name + c.kind: c for c in _first(moving, ttl)}
        return Part(step, number, tuple(changes.values()), pending)
    if step == "settle":
        last = {c.name + c.kind: c for c in _last(moving, ttl)}
        return Part(step, number, tuple(last.values()), pending)
    own = next((each for each in sets if each.step == step), None)
    if own is None:
        return Part(step, number, (), False)
    made = tuple(_on_the_way(c, ttl) for c in own.changes) if step in low else own.changes
    return Part(step, number, made, own.pending)


def _on_the_way(change: Change, ttl: int) -> Change:
    return lowered(change, ttl)[1]._replace(ttl=min(change.ttl, ttl))


def _first(sets: Sequence[Set], ttl: int) -> Iterator[Change]:
    """Each set of records once: as it is before anything else is done."""
    seen = set()
    for change in (change for each in sets for change in each.changes):
        if (change.name, change.kind) not in seen:
            seen.add((change.name, change.kind))
            first = lowered(change, ttl)[0]
            if first is not None:
                yield first


def _last(sets: Sequence[Set], ttl: int) -> Iterator[Change]:
    """What is there in the end gets the time that it is to have."""
    ends = {(c.name, c.kind): c for each in sets for c in each.changes}
    for change in ends.values():
        if change.becomes and change.ttl > ttl:
            yield Change(change.name, change.kind, change.becomes, change.becomes, ttl, change.ttl)
