"""Where reading a log that grows goes on: by which file it is, not by its name. Pure.

A log is known by its inode and by how it begins: an inode alone is given again, and a copy has
another one. (Devices are not looked at: they have other numbers after a reboot.)

Supported: renamed and made anew; copied and truncated; removed; compressed meanwhile; several times
while nobody was reading; moved to another disk. Not supported, since no file has it: what is
written to a log between its copying and its truncation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LOOKED_AT", "Place", "Route", "Seen", "Stop", "continues", "route"]

LOOKED_AT = 1024
"""Octets at the beginning of a log by which it is known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it is now."""

    name: str
    inode: int
    size: int  # octets, packed as they are
    changed_at: int  # nanoseconds since the epoch
    head: bytes  # how it begins, unpacked: LOOKED_AT octets, or all that there are
    packed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log has been read: up to an octet of a certain file."""

    inode: int
    offset: int  # of its unpacked text; the lines before it are done
    head: bytes
    changed_at: int
    former: bytes = b""  # how the file before it began, where one was read


@dataclass(frozen=True, slots=True)
class Stop:
    """A file to be read, from which octet on."""

    seen: Seen
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """Where what was being read goes on, if anywhere; and what comes after it, the oldest first."""

    here: Stop | None
    after: tuple[Stop, ...] = ()
    lost: str = ""  # says in a line what no file has


def continues(place: Place, seen: Seen) -> bool:
    """Whether this is the file that was being read, and has not been cut since."""
    same = seen.inode == place.inode and not seen.packed
    return same and seen.size >= place.offset and seen.head.startswith(place.head)


def route(place: Place, live: Seen | None, others: Sequence[Seen]) -> Route:
    """Where to go on: `live` is what has the log's name now, the `others` have had it."""
    every = [*([] if live is None else [live]), *others]
    here = next((one for one in every if continues(place, one)), None) or _copied(place, every)
    if here is None:
        after = [one for one in others if one.changed_at > place.changed_at]
        return Route(None, _in_order(after, live), _lost(place, live))
    ages = _by_age(others)
    at = len(ages) if here is live else ages.index(here)
    after = [one for one in ages[at + 1 :] if one.head != here.head]
    missed = _made_since(place, ages[:at])
    if missed:
        return Route(None, _in_order([*missed, *ages[at : at + 1], *after], live))
    emptied = not (place.head or here.head) and here.changed_at != place.changed_at
    lost = "was written to and truncated, and no copy of it is here" if emptied else ""
    return Route(Stop(here, place.offset), () if here is live else _in_order(after, live), lost)


def _made_since(place: Place, older: Sequence[Seen]) -> list[Seen]:
    """Copies of a file of which nothing is known, for it was empty: it may have been cut since."""
    if place.head or not place.former:
        return []
    newer = [one for one in older if one.changed_at > place.changed_at and one.head]
    return [one for one in newer if not one.head.startswith(place.former)]


def _copied(place: Place, files: Sequence[Seen]) -> Seen | None:
    """What the file was copied to, or packed into."""
    if b"\n" not in place.head and len(place.head) < LOOKED_AT:
        return None  # too little to know it by
    alike = [one for one in files if one.head.startswith(place.head)]
    alike = [one for one in alike if one.packed or one.size >= place.offset]
    return min(alike, key=lambda one: one.packed, default=None)


def _in_order(files: Sequence[Seen], live: Seen | None) -> tuple[Stop, ...]:
    """The oldest first, each once: one that is just being packed is there twice."""
    last = [] if live is None else [live]
    once: dict[bytes, Seen] = {}
    for one in sorted(files, key=lambda one: one.packed, reverse=True):
        if one.head and not any(each.head.startswith(one.head) for each in last):
            once[one.head] = one
    return tuple(Stop(one) for one in [*_by_age(list(once.values())), *last])


def _lost(place: Place, live: Seen | None) -> str:
    if live is not None and live.inode == place.inode:
        return "was truncated, and no copy of it is here"
    return "the file that was being read is gone"


_NUMBERED = re.compile(r"[.]([0-9]{1,4})(?:[.][a-z0-9]+)?\Z")
_DATED = re.compile(r"[-.]([0-9]{6}[-0-9_.T]*?)(?:[.][a-z][a-z0-9]*)?\Z")


def _by_age(files: Sequence[Seen]) -> list[Seen]:
    """The oldest first: by the numbers or dates in their names, where all have them; else by when
    they were changed (the last line of one may be written late).
    """
    numbers = [_told(_NUMBERED, one) for one in files]
    dates = [_told(_DATED, one) for one in files]
    keys: list[tuple[int, str]] = [(one.changed_at, one.name) for one in files]
    if all(numbers):
        keys = [(-int(number), "") for number in numbers]
    elif all(dates):
        keys = [(0, date) for date in dates]
    return [one for _, one in sorted(zip(keys, files, strict=True), key=lambda pair: pair[0])]


def _told(by: re.Pattern[str], seen: Seen) -> str:
    found = by.search(seen.name)
    return "" if found is None else found[1]
