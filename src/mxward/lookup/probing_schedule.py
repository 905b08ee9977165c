"""When which server may be asked: a pure schedule that keeps the politeness.

Whoever uses it says what time it is, takes what may begin, and tells what has ended.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import count
from typing import Generic, TypeVar

from mxward.lookup.probing_settings import Politeness
from mxward.networks import Address, Network

__all__ = ["Schedule", "network_of"]

_PREFIX = {4: 24, 6: 64}

Item = TypeVar("Item")


def network_of(address: Address) -> Network:
    """The network whose servers count as one site."""
    return ip_network((address, _PREFIX[address.version]), strict=False)


@dataclass(slots=True)
class _Place(Generic[Item]):
    """One address: what waits for it, as (due, number, item), and what runs there."""

    network: Network
    waiting: list[tuple[float, int, Item]] = field(default_factory=list)
    running: int = 0
    free_at: float = 0.0

    @property
    def ready_at(self) -> float:
        return max(self.waiting[0][0], self.free_at)


class Schedule(Generic[Item]):
    """Sessions to come, at addresses. Times are in seconds of any clock that does not jump."""

    def __init__(self, politeness: Politeness) -> None:
        self._politeness = politeness
        self._places: dict[Address, _Place[Item]] = {}
        self._alarms: list[tuple[float, int, Address]] = []  # some may have come to nothing
        self._blocked: dict[Network, set[Address]] = {}  # wait for others in their network
        self._in_network: Counter[Network] = Counter()
        self._numbers = count()
        self.running = 0

    def add(self, item: Item, address: Address, due: float) -> None:
        """A session that is to begin at `due`, or as soon as may be then."""
        place = self._places.get(address)
        if place is None:
            place = self._places[address] = _Place(network_of(address))
        heapq.heappush(place.waiting, (due, next(self._numbers), item))
        self._wake(address, place)

    def take(self, now: float) -> list[Item]:
        """The sessions that may begin now: they have begun."""
        begun: list[Item] = []
        while self._alarms and self._alarms[0][0] <= now:
            if self.running >= self._politeness.overall:
                break
            _, _, address = heapq.heappop(self._alarms)
            place = self._places[address]
            if not place.waiting or place.running >= self._politeness.per_address:
                continue  # it is woken again when something is added, or ends
            if place.ready_at > now:
                self._wake(address, place)
            elif self._in_network[place.network] >= self._politeness.per_network:
                self._blocked.setdefault(place.network, set()).add(address)
            else:
                begun.append(self._begin(address, place))
        return begun

    def ended(self, address: Address, now: float) -> None:
        """A session there is over."""
        place = self._places[address]
        place.running -= 1
        self.running -= 1
        self._in_network[place.network] -= 1
        place.free_at = now + self._politeness.gap
        for each in (address, *self._blocked.pop(place.network, ())):
            self._wake(each, self._places[each])

    def next_at(self) -> float | None:
        """When something may begin, unless more ends before; None where nothing waits for time."""
        if not self._alarms or self.running >= self._politeness.overall:
            return None
        return self._alarms[0][0]

    def _begin(self, address: Address, place: _Place[Item]) -> Item:
        _, _, item = heapq.heappop(place.waiting)
        place.running += 1
        self.running += 1
        self._in_network[place.network] += 1
        self._wake(address, place)
        return item

    def _wake(self, address: Address, place: _Place[Item]) -> None:
        if place.waiting and place.running < self._politeness.per_address:
            heapq.heappush(self._alarms, (place.ready_at, next(self._numbers), address))
