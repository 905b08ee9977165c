"""What is to be changed now, by zone and step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from mxward.lockdown.dns.dropping import Dropped
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.moving import Moved
from mxward.lockdown.dns.records import Change

__all__ = ["Steps", "Zones", "of_dropped", "of_moved", "standing"]

Steps = Mapping[str, tuple[Change, ...]]
"""By step, each change once."""

Zones = Mapping[str, Steps]
"""By zone."""


class of_dropped(Mapping[str, Steps]):  # noqa: N801 - as of_moved
    """Those of names that go; made when they are asked for, since they are many."""

    def __init__(self, every: Iterable[Dropped]) -> None:
        self._zones: dict[str, list[Dropped]] = {}
        for each in every:
            if each.names or each.spf:
                self._zones.setdefault(each.zone, []).append(each)

    def __getitem__(self, zone: str) -> Steps:
        here = self._zones[zone]
        spf = tuple(dict.fromkeys(change for each in here for change in each.spf))
        names = tuple(dict.fromkeys(change for each in here for change in each.names))
        return {step: some for step, some in (("spf", spf), ("names", names)) if some}

    def __iter__(self) -> Iterator[str]:
        return iter(self._zones)

    def __len__(self) -> int:
        return len(self._zones)


def of_moved(moved: Moved, zone: str) -> Zones:
    """Those of a move; the new name is in `zone`."""
    zones: dict[str, dict[str, dict[Change, None]]] = {}
    every = [("new", zone, change) for change in moved.new]
    every += [("spf-add", its_zone, change) for its_zone, change in moved.adding]
    every += [("spf-remove", its_zone, change) for its_zone, change in moved.removing]
    for step, its_zone, change in every:
        zones.setdefault(its_zone, {}).setdefault(step, {})[change] = None
    return {
        its_zone: {step: tuple(some) for step, some in steps.items()}
        for its_zone, steps in zones.items()
    }


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
