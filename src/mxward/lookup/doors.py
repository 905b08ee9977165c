"""The front door of each domain, for whoever has to decide: at once where it is known, looked up
where it is not.

What is put together is kept until the first of its parts must be asked again; doors that are alike
are one object, if they were seen within a minute of each other (the age it tells is the older one).
The number of doors kept is bounded: one that is kept no more is put together again from memory.

One domain may name 50 hosts in a zone that never answers. So each domain is looked up once at a
time, few questions at once: it waits long for its own door, and takes little from the others. No
host is left out for that: mail that comes from it would be stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from mxward.frontdoor.egress import Egress
from mxward.frontdoor.hosts import questions
from mxward.frontdoor.merge import Seen, assemble, exchanges, see
from mxward.frontdoor.remember import LONGEST
from mxward.lookup.cache import PATIENCE, Cache
from mxward.lookup.egresses import Egresses, Found
from mxward.lookup.facts import Fact, Facts
from mxward.lookup.flights import Flights
from mxward.lookup.memory import Memory
from mxward.lookup.resolver import Resolver
from mxward.model import FrontDoor, Kind, Question, Scanner
from mxward.networks import Address
from mxward.store.recollection import drop_oldest

__all__ = ["Doors"]

_MOST_DOORS = 200_000
_MOST_SHARED = 20_000
_MOST_HOSTS = 20_000
_AT_ONCE = 16  # questions under way for one domain: the hosts of any scanner need no more
_ALIKE = 60.0  # seconds between two doors that may be one object


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
        self._doors: dict[str, tuple[FrontDoor, float]] = {}
        self._shared: dict[FrontDoor, FrontDoor] = {}
        self._hosts: dict[Address, None] = {}  # the scanners', those seen last go last
        self._flights: Flights[str, FrontDoor] = Flights()

    def known(self, domain: str) -> FrontDoor | None:
        """The front door where it can be told without waiting."""
        kept = self._doors.get(domain)
        now = self._clock()
        if kept is not None and now < kept[1] <= now + LONGEST:
            return kept[0]
        return self._from_memory(domain, now)

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

    async def prepare(self) -> None:
        """Look up every scanner's egress, so that the first mail need not wait for it."""
        await asyncio.gather(*(self._egresses.find(name) for name in self._scanners))

    def refresh(self) -> None:
        """Put every door together anew: the memory was changed by somebody else."""
        self._doors.clear()
        self._egresses.refresh()

    async def _look_up(self, domain: str) -> FrontDoor:
        now = self._clock()
        facts = Facts(self._memory)
        while asks := _asks(domain, facts):
            facts.add(asks, await self._ask(asks))
        seen = see(domain, facts.recall, self._scanners, now)
        names = seen.needs_egress_of
        found = await asyncio.gather(*(self._egresses.find(name) for name in names))
        return self._keep(domain, seen, dict(zip(names, found, strict=True)), facts, now)

    async def _ask(self, questions: list[Question]) -> list[Fact]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(question: Question) -> Fact:
            async with slots:
                return await self._cache.find(question)

        return await asyncio.gather(*map(ask, questions))

    def _from_memory(self, domain: str, now: float) -> FrontDoor | None:
        facts = Facts(self._memory)
        while asks := _asks(domain, facts):
            known = [fact for fact in map(self._cache.known, asks) if fact is not None]
            if len(known) < len(asks):
                return None
            facts.add(asks, known)
        seen = see(domain, facts.recall, self._scanners, now)
        names = seen.needs_egress_of
        found = {name: egress for name in names if (egress := self._egresses.known(name))}
        return self._keep(domain, seen, found, facts, now) if len(found) == len(names) else None

    def _keep(
        self, domain: str, seen: Seen, found: Mapping[str, Found], facts: Facts, now: float
    ) -> FrontDoor:
        door = assemble(seen, lambda name: found[name].egress, now)
        if self._memory_lost:
            mx = Question(Kind.MX, domain)
            door = replace(door, missing=tuple(dict.fromkeys((mx, *door.missing))))
        self._note_hosts(door)
        door = self._share(door)
        until = min([facts.until(now), *(egress.until for egress in found.values())])
        self._doors.pop(domain, None)  # what is looked up anew goes last
        if len(self._doors) >= _MOST_DOORS:
            drop_oldest(self._doors)
        self._doors[domain] = (door, until)
        return door

    def _note_hosts(self, door: FrontDoor) -> None:
        for exchange in door.exchanges:
            if exchange.scanner and self._scanners[exchange.scanner].has_mx(exchange.name):
                for address in exchange.addresses:
                    self._hosts.pop(address, None)
                    self._hosts[address] = None
        if len(self._hosts) > _MOST_HOSTS:
            drop_oldest(self._hosts)

    def _share(self, door: FrontDoor) -> FrontDoor:
        alike = replace(door, observed_at=0.0)
        shared = self._shared.get(alike)
        if shared is not None and 0 <= door.observed_at - shared.observed_at < _ALIKE:
            return shared
        if len(self._shared) >= _MOST_SHARED:
            self._shared.clear()
        self._shared[alike] = door
        return door


def _asks(domain: str, facts: Facts) -> list[Question]:
    """What to look up next: the MX, then the addresses of its hosts, then nothing."""
    mx = Question(Kind.MX, domain)
    if mx not in facts:
        return [mx]
    known = facts.recall(mx)
    hosts = exchanges(domain, known) if known else []
    return [question for _, host in hosts for question in questions(host) if question not in facts]
