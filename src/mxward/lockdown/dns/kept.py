"""What earlier runs wrote: so that a change which was made can still be taken back.

When a name is gone, nothing is left to be changed: but the script that brings it back must stay,
with what was there. So the changes of each zone and step are kept in a file beside the scripts
(`mxward.json`, one zone a line): those that have been made stay as they are, and what is still to
be made beside them gets a number of its own. The label of the new name is kept too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.spelling import owner

__all__ = ["FILE", "Kept", "Set", "carried", "head", "line", "read"]

FILE = "mxward.json"
_VERSION = 1

Changes = tuple[Change, ...]


class Set(NamedTuple):
    """The changes of one step in one zone. `pending`: they are still to be made."""

    step: str
    number: int
    changes: Changes
    pending: bool = True


@dataclass(frozen=True, slots=True)
class Kept:
    """What the last run wrote: the sets of each zone are read when they are asked for."""

    label: str = ""
    way: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)  # by zone

    def sets(self, zone: str) -> tuple[Set, ...]:
        """The sets of a zone. Raises ValueError."""
        line = self.lines.get(zone)
        return tuple(_sets(zone, line)) if line is not None else ()


def carried(
    fresh: Mapping[str, Changes], before: Sequence[Set], stands: Callable[[Change], bool]
) -> tuple[Set, ...]:
    """The sets of one zone now: by step what is to be changed, after what was written before.

    `stands`: whether what a change would take away is surely still there.
    """
    found: list[Set] = []
    for step in dict.fromkeys((*fresh, *(each.step for each in before))):
        now = {change.same: change for change in fresh.get(step, ())}
        known = [each for each in before if each.step == step]
        found += _of_step(step, now, known, stands)
    return tuple(found)


def _of_step(
    step: str,
    now: Mapping[tuple[object, ...], Change],
    known: Sequence[Set],
    stands: Callable[[Change], bool],
) -> Iterator[Set]:
    number = 1
    times: dict[tuple[object, ...], int] = {}
    for each in known:
        made = tuple(c for c in each.changes if c.same not in now and not stands(c))
        times |= {c.same: max(c.was_ttl, times.get(c.same, 0)) for c in each.changes}
        if made:
            yield Set(step, each.number, made, pending=False)
            number = each.number + 1
    if now:
        yield Set(step, number, tuple(_lasting(c, times.get(same, 0)) for same, c in now.items()))


def _lasting(change: Change, was_ttl: int) -> Change:
    """A resolver says what is left of the time that records last: the longest is the nearest."""
    if not change.was or was_ttl <= change.was_ttl:
        return change
    return change._replace(was_ttl=was_ttl, ttl=max(change.ttl, was_ttl))


def head(label: str, way: str) -> str:
    """The first line of the file; then come those of `line`."""
    return json.dumps({"version": _VERSION, "way": way, "label": label}) + "\n"


def line(zone: str, sets: Iterable[Set]) -> str:
    """One zone's line."""
    told = [[s.step, s.number, [list(change) for change in s.changes]] for s in sets]
    return json.dumps([zone, told], separators=(",", ":")) + "\n"


def read(lines: Iterable[str]) -> Kept:
    """What an earlier run wrote. Raises ValueError where it is no such file."""
    try:
        every = iter(lines)
        head = json.loads(next(every))
        if head["version"] != _VERSION:
            raise ValueError(f"version {head['version']!r}, here {_VERSION}")
        by_zone = {}
        for each in every:
            zone = each[2 : each.index('"', 2)]
            owner(zone)
            by_zone[zone] = each
        return Kept(str(head["label"]), str(head["way"]), by_zone)
    except (KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise ValueError(f"no ledger of mxward lockdown dns ({type(error).__name__})") from None


def _sets(zone: str, told: str) -> Iterator[Set]:
    try:
        named, sets = json.loads(told)
        if named != zone:
            raise ValueError(f"{zone}: another zone's line")
        for step, number, changes in sets:
            yield Set(str(step), int(number), tuple(map(_change, changes)))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"{zone}: no line of mxward's ({error})") from None


def _change(told: Sequence[Any]) -> Change:
    name, kind, was, becomes, was_ttl, ttl = told
    values = tuple(map(str, was)), tuple(map(str, becomes))
    return Change(str(name), str(kind), *values, int(was_ttl), int(ttl)).check()
