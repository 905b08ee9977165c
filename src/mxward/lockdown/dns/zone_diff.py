"""A step of one zone as a difference of the zone's own file, its comments and its order untouched.

Records are taken out and put in by whole lines. A record that had its owner's name from the line
before gets one of its own, where that line goes. The serial is raised by one (RFC 1982). What comes
of it is read again: where it is not exactly what was wanted, there is no difference, and a word of
why. Not supported: $GENERATE and $INCLUDE.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mxward.lockdown.dns.records import Change, Records
from mxward.lockdown.dns.spelling import owner, spelled
from mxward.lockdown.dns.staying import Reference

__all__ = ["FiledZone", "Placed", "difference", "edited", "lines_of", "references"]

_NAMING = frozenset(("CNAME", "DNAME", "MX", "NS", "SRV"))
_SERIALS = 2**32
_SKIPPED = re.compile(r'(?:;[^\n]*|"(?:[^"\\]|\\.)*"|[\s()]+)*')
_WORD = re.compile(r'(?:[^\s()";\\]|\\.)+')
_CONTROL = re.compile(r"[^ -~]")


class Placed(NamedTuple):
    """A record, and the lines of the file that it takes: from `first` up to and without `end`.

    Values are spelled as in `Change` where the type is one that is changed.
    """

    name: str
    kind: str
    ttl: int
    value: str
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class FiledZone:
    """A zone's file, read."""

    zone: str
    path: str
    lines: tuple[str, ...]  # each with its end
    placed: tuple[Placed, ...]
    by_name: dict[tuple[str, str], list[Placed]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[tuple[str, str], list[Placed]] = {}
        for each in self.placed:
            found.setdefault((each.name, each.kind), []).append(each)
        object.__setattr__(self, "by_name", found)

    def records(self, name: str, kind: str) -> Records:
        """The records of a name and type; no values where there are none."""
        found = self.by_name.get((name, kind), [])
        ttl = max((each.ttl for each in found), default=0)
        return Records(name, kind, ttl, tuple(sorted(each.value for each in found)))


Read = Callable[[str, str, str], FiledZone]
"""Reads a zone: its name, its path, its text. Raises ValueError."""


def references(zones: Iterable[FiledZone]) -> dict[str, tuple[Reference, ...]]:
    """By name, the records of all files that name it."""
    found: dict[str, tuple[Reference, ...]] = {}
    for zone in zones:
        for placed in zone.placed:
            if placed.kind in _NAMING:
                name = placed.value.rpartition(" ")[2].removesuffix(".").lower()
                reference = Reference(placed.name, placed.kind)
                found[name] = (*found.get(name, ()), reference)
    return found


def edited(before: FiledZone, changes: Sequence[Change], read: Read) -> FiledZone:
    """The file with these changes. Raises ValueError where it cannot be made so."""
    gone = dict(_gone(before, changes))
    new = list(_new(changes, gone))
    text = "".join(_lines(before, frozenset(gone), new))
    after = read(before.zone, before.path, text)
    wanted = {(p.name, p.kind, p.ttl, p.value) for p in before.placed if p not in gone}
    wanted |= {(c.name, c.kind, c.ttl, value) for _, c, value in new}
    if _without_soa(_told(after.placed)) != _without_soa(wanted):
        raise ValueError(f"{before.path} cannot be changed line by line")
    return after


def difference(before: FiledZone, after: FiledZone) -> str:
    """As `diff -u` shows it; `patch` takes it, and with -R the way back."""
    name = _CONTROL.sub("?", before.path)
    lines = difflib.unified_diff(before.lines, after.lines, name, name)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, each with its end: by line feeds only, as zones are read."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def _told(placed: Iterable[Placed]) -> set[tuple[str, str, int, str]]:
    return {(p.name, p.kind, p.ttl, p.value) for p in placed}


def _without_soa(told: Iterable[tuple[str, str, int, str]]) -> set[tuple[str, str, int, str]]:
    return {each for each in told if each[1] != "SOA"}


def _gone(before: FiledZone, changes: Sequence[Change]) -> Iterator[tuple[Placed, Change]]:
    """What is taken out. Raises ValueError where the file is not what the change knows."""
    for change in changes:
        here = before.by_name.get((change.name, change.kind), [])
        if sorted(p.value for p in here) != sorted(change.was):
            raise ValueError(f"{before.path} has other {change.kind} records of {change.name}")
        stay = change.becomes if change.was_ttl == change.ttl else ()
        yield from ((p, change) for p in here if p.value not in stay)


def _new(
    changes: Sequence[Change], gone: Mapping[Placed, Change]
) -> Iterator[tuple[Placed | None, Change, str]]:
    """What is put in: after which of those that go, the change, the value."""
    first: dict[str, Placed] = {}
    for placed in gone:
        first.setdefault(placed.name, placed)
    for change in changes:
        after = first.get(change.name)
        stay = change.was if change.was_ttl == change.ttl else ()
        for value in change.becomes:
            if value not in stay:
                yield after, change, value


def _lines(
    before: FiledZone, gone: frozenset[Placed], new: Sequence[tuple[Placed | None, Change, str]]
) -> Iterator[str]:
    instead: dict[Placed | None, list[str]] = {}
    for after, change, value in new:
        instead.setdefault(after, []).append(_line(change, value))
    at = 0
    said = ""  # whose name a line without one would have
    for placed in before.placed:
        yield from before.lines[at : placed.first]
        at = placed.end
        if placed not in gone:
            lines = list(before.lines[placed.first : placed.end])
            if placed.kind == "SOA":
                lines = list(lines_of(_raised("".join(lines))))
            if lines[0][0] in " \t" and said != placed.name:
                lines[0] = owner(placed.name) + lines[0]
            yield from lines
            said = placed.name
        if placed in instead:
            yield from instead[placed]
            said = placed.name
    rest = before.lines[at:]
    yield from rest
    last = (rest or before.lines or ("\n",))[-1]
    added = instead.get(None, [])
    if added and not last.endswith("\n"):
        yield "\n"
    yield from added


def _line(change: Change, value: str) -> str:
    return f"{owner(change.name)} {change.ttl} IN {change.kind} {spelled(change.kind, value)}\n"


def _raised(soa: str) -> str:
    """The lines of an SOA record with the serial after: the third word after its type."""
    words = list(_words(soa))
    at = next((n for n, word in enumerate(words) if word[0].upper() == "SOA"), len(words))
    if at + 3 >= len(words) or not words[at + 3][0].isdigit():
        raise ValueError("the serial of its SOA record is not found")
    serial, start = words[at + 3]
    after = str((int(serial) + 1) % _SERIALS or 1)
    return soa[:start] + after + soa[start + len(serial) :]


def _words(text: str) -> Iterator[tuple[str, int]]:
    """The words of a record, and where each begins; comments and what is in quotes are none."""
    at = 0
    while at < len(text):
        skipped = _SKIPPED.match(text, at)
        at = skipped.end() if skipped else at
        word = _WORD.match(text, at)
        if word is None:
            return
        yield word[0], at
        at = word.end()
