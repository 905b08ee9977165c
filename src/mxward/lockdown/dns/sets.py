"""What is to be changed now, by zone and step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mxward.lockdown.dns.dropping import Dropped
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.moving import Moved
from mxward.lockdown.dns.records import Change

__all__ = ["Zones", "of_dropped", "of_moved", "standing"]

Zones = dict[str, dict[str, list[Change]]]
"""By zone and step: each change once."""


def of_dropped(every: Iterable[Dropped]) -> Zones:
    """Those of names that go."""
    zones: Zones = {}
    for each in every:
        for step, changes in (("spf", each.spf), ("names", each.names)):
            for change in changes:
                _add(zones, each.zone, step, change)
    return zones


def of_moved(moved: Moved, zone: str) -> Zones:
    """Those of a move; the new name is in `zone`."""
    zones: Zones = {}
    for change in moved.new:
        _add(zones, zone, "new", change)
    for step, every in (("spf-add", moved.adding), ("spf-remove", moved.removing)):
        for its_zone, change in every:
            _add(zones, its_zone, step, change)
    return zones


def _add(zones: Zones, zone: str, step: str, change: Change) -> None:
    here = zones.setdefault(zone, {}).setdefault(step, [])
    if change not in here:
        here.append(change)


def standing(every: Sequence[Looked], absent: Mapping[str, bool]) -> Callable[[Change], bool]:
    """Whether what a change takes away surely stands still, or what it brings is surely not there
    (`absent`, by name).
    """
    leading = {each.name for looked in every for each in looked.pointing}
    texts = {looked.domain: looked.txt.values for looked in every if looked.txt is not None}

    def stands(change: Change) -> bool:
        if change.kind == "TXT":
            return texts.get(change.name) == change.was
        return change.name in leading or absent.get(change.name, False)

    return stands
