"""The front door of each domain, for whoever has to decide: at once where it is known, looked up
where it is not.

A million domains share a few thousand sets of MX hosts. So what is put together is kept by what an
MX says, not by domain, until one of its parts must be asked again: a domain's door is found by its
remembered MX, and hosts whose addresses are due are looked up once for all the domains behind them.
(The age that a door tells is that of the domain it was put together for.) The number of doors kept
is bounded: one that is kept no more is put together again from memory.

One domain may name 50 hosts in a zone that never answers. So each domain is looked up once at a
time, few questions at once: it waits long for its own door, and takes little from the others. No
host is left out for that: mail that comes from it would be stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import NamedTuple

from mxward.frontdoor.egress import Egress
from mxward.frontdoor.merge import Seen, assemble, see
from mxward.frontdoor.remember import LONGEST, cooling
from mxward.lookup.cache import PATIENCE, Cache
from mxward.lookup.egresses import Egresses, Found
from mxward.lookup.facts import Fact, Facts
from mxward.lookup.flights import Flights
from mxward.lookup.memory import Memory
from mxward.lookup.resolver import Resolver
from mxward.model import FrontDoor, Kind, Known, Question, Remembered, Scanner, Source
from mxward.networks import Address
from mxward.store.recollection import drop_oldest

__all__ = ["Doors"]

_MOST_DOORS = 200_000
_MOST_HOSTS = 20_000
_AT_ONCE = 16  # questions under way for one domain: the hosts of any scanner need no more
_NOT_KEPT: tuple[None, float] = (None, 0.0)


class _Way(NamedTuple):
    """All that a domain adds to its door: domains with the same have the same door."""

    values: tuple[str, ...]
    implicit: bool
    former: tuple[str, ...]  # what its MX said lately, as far as that is still welcome
    stale: bool
    own: str  # the domain itself, where no other can have the same door


class Doors:
    """Finds front doors. It belongs to one event loop; `clock` gives seconds since the epoch.

    Where the memory could not be read at start (`memory_lost`), nobody knows what is `former` or
    `held`: every door then counts its own MX question as missing, so that mail which no other part
    of the door lets in is deferred, never refused, whatever the DNS answers.
    """

    def __init__(
        self,
        resolver: Resolver,
        scanners: Mapping[str, Scanner],
        memory: Memory,
        clock: Callable[[], float],
        *,
        memory_lost: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self._scanners = scanners
        self._memory = memory
        self._clock = clock
        self._memory_lost = memory_lost
        self._cache = Cache(resolver, memory, clock, patience=patience)
        self._egresses = Egresses(self._cache, scanners, clock)
        self._doors: dict[_Way, tuple[FrontDoor, float]] = {}  # and until when each holds
        self._hosts: dict[Address, None] = {}  # the scanners', those seen last go last
        self._flights: Flights[str, FrontDoor] = Flights()

    def known(self, domain: str) -> FrontDoor | None:
        """The front door where it can be told without waiting."""
        mx = self._cache.known(Question(Kind.MX, domain))
        if mx is None:
            return None
        now, known = self._clock(), mx.remembered
        return self._kept(domain, known, now) or self._from_memory(domain, known, now)

    async def find(self, domain: str) -> FrontDoor:
        """The front door, looked up where it is stale or unknown. Never raises."""
        known = self.known(domain)
        if known is not None:
            return known
        return await asyncio.shield(self._flights.join(domain, lambda: self._look_up(domain)))

    def welcomes(self, client: Address) -> bool:
        """Whether a client is some scanner's, as far as is known without asking.

        This is for limits, never for letting mail in. The addresses of MX hosts count only where
        the host's own name is the scanner's: other names are for the domain's owner to point.
        """
        return client in self._egresses.anywhere() or client in self._hosts

    async def egress(self, scanner: str) -> Egress:
        """Where a scanner delivers from, with what is held and leaving. Never raises."""
        return (await self._egresses.find(scanner)).egress

    def waiting(self) -> dict[str, Egress]:
        """The scanners of which something is held or leaving: it waits for the operator's word.

        It is told from memory, without a look-up.
        """
        return self._egresses.waiting()

    def in_use(self) -> tuple[int, int, float]:
        """How many doors hold now, how many of them are stale, and when the oldest was observed.

        inf is where there is none. For any thread.
        """
        now = self._clock()
        doors = [door for door, until in tuple(self._doors.values()) if now < until]
        stale = sum(door.source is Source.REMEMBERED for door in doors)
        return len(doors), stale, min((door.observed_at for door in doors), default=inf)

    def failing(self) -> int:
        """How many domains have an MX that could not be looked up lately and is not remembered.

        For any thread.
        """
        return self._cache.failing(Kind.MX)

    async def prepare(self) -> None:
        """Look up every scanner's egress, so that the first mail need not wait for it."""
        await asyncio.gather(*(self._egresses.find(name) for name in self._scanners))

    def refresh(self) -> None:
        """Put every door together anew: the memory was changed by somebody else."""
        self._doors.clear()
        self._egresses.refresh()

    async def _look_up(self, domain: str) -> FrontDoor:
        mx = (await self._cache.find(Question(Kind.MX, domain))).remembered
        now = self._clock()
        facts = Facts(self._memory, domain, mx)
        while asks := facts.asks():
            if door := self._kept(domain, mx, now):
                return door
            facts.add(asks, await self._ask(asks))
        seen = see(domain, facts.recall, self._scanners, now)
        names = seen.needs_egress_of
        found = await asyncio.gather(*(self._egresses.find(name) for name in names))
        # Another domain behind the same hosts may have come first.
        return self._kept(domain, mx, now) or self._keep(
            seen, dict(zip(names, found, strict=True)), facts, now
        )

    async def _ask(self, questions: list[Question]) -> list[Fact]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(question: Question) -> Fact:
            async with slots:
                return await self._cache.find(question)

        return await asyncio.gather(*map(ask, questions))

    def _kept(self, domain: str, mx: Remembered | None, now: float) -> FrontDoor | None:
        if mx is None:
            return None
        door, until = self._doors.get(self._way(domain, mx, now), _NOT_KEPT)
        return door if now < until <= now + LONGEST else None

    def _from_memory(self, domain: str, mx: Remembered | None, now: float) -> FrontDoor | None:
        facts = Facts(self._memory, domain, mx)
        while asks := facts.asks():
            known = [fact for fact in map(self._cache.known, asks) if fact is not None]
            if len(known) < len(asks):
                return None
            facts.add(asks, known)
        seen = see(domain, facts.recall, self._scanners, now)
        names = seen.needs_egress_of
        found = {name: egress for name in names if (egress := self._egresses.known(name))}
        return self._keep(seen, found, facts, now) if len(found) == len(names) else None

    def _keep(self, seen: Seen, found: Mapping[str, Found], facts: Facts, now: float) -> FrontDoor:
        door = assemble(seen, lambda name: found[name].egress, now)
        if self._memory_lost:
            mx = Question(Kind.MX, facts.domain)
            door = replace(door, missing=tuple(dict.fromkeys((mx, *door.missing))))
        self._note_hosts(door)
        if facts.mx is not None:
            way = self._way(facts.domain, facts.mx, now)
            until = min([facts.until(now), *(egress.until for egress in found.values())])
            self._doors.pop(way, None)  # what is looked up anew goes last
            if len(self._doors) >= _MOST_DOORS:
                drop_oldest(self._doors)
            self._doors[way] = (door, min(until, now + LONGEST))
        return door

    def _way(self, domain: str, mx: Remembered, now: float) -> _Way:
        implicit = mx.state is Known.ABSENT
        return _Way(
            mx.values,
            implicit,
            former=tuple(cooling(mx.former, now)) if mx.former else (),
            stale=mx.expires_at <= now,
            own=domain if implicit or self._memory_lost else "",
        )

    def _note_hosts(self, door: FrontDoor) -> None:
        for exchange in door.exchanges:
            if exchange.scanner and self._scanners[exchange.scanner].has_mx(exchange.name):
                for address in exchange.addresses:
                    self._hosts.pop(address, None)
                    self._hosts[address] = None
        if len(self._hosts) > _MOST_HOSTS:
            drop_oldest(self._hosts)
