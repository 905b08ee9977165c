"""Where each scanner delivers from: its SPF names expanded through the cache, and remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from math import inf

from mxward.frontdoor.egress import Egress, learn, standing
from mxward.frontdoor.expansion import Expansion, expand
from mxward.frontdoor.remember import COOLING_OFF, LONGEST
from mxward.lookup.cache import Cache
from mxward.lookup.facts import Fact
from mxward.lookup.flights import Flights
from mxward.model import Question, Scanner
from mxward.networks import Networks

__all__ = ["Egresses", "Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """A scanner's egress, and until when there is no use in asking again."""

    egress: Egress
    until: float


class Egresses:
    """The egress of each scanner; a name that is no scanner's has none."""

    def __init__(
        self, cache: Cache, scanners: Mapping[str, Scanner], clock: Callable[[], float]
    ) -> None:
        self._cache = cache
        self._scanners = scanners
        self._clock = clock
        self._found: dict[str, Found] = {}
        self._anywhere: Networks | None = None
        self._flights: Flights[str, Found] = Flights()

    def known(self, name: str) -> Found | None:
        """What is known without asking; None where it must be asked."""
        scanner = self._scanners.get(name)
        if scanner is None or not scanner.spf:
            return Found(Egress(scanner.egress) if scanner else Egress(), inf)
        found = self._found.get(name)
        now = self._clock()
        return found if found is not None and now < found.until <= now + LONGEST else None

    async def find(self, name: str) -> Found:
        """What is known, looked up where it is not fresh. Never raises."""
        known = self.known(name)
        if known is not None:
            return known
        scanner = self._scanners[name]
        return await asyncio.shield(self._flights.join(name, lambda: self._look_up(scanner)))

    def waiting(self) -> dict[str, Egress]:
        """The scanners of which something is held or leaving, as far as it is remembered."""
        return {n: egress for n, egress in self._standings() if egress.held or egress.leaving}

    def anywhere(self) -> Networks:
        """Where any scanner delivers from, or did lately, or is, as far as it is remembered.

        It is put together anew only when something was learned.
        """
        if self._anywhere is None:
            places = [scanner.addresses for scanner in self._scanners.values()]
            for _, egress in self._standings():
                places += egress.networks, egress.former
            self._anywhere = Networks(chain.from_iterable(places))
        return self._anywhere

    def refresh(self) -> None:
        """Judge anew, from what is remembered: the operator has given a word."""
        self._found.clear()
        self._anywhere = None

    def _standings(self) -> Iterator[tuple[str, Egress]]:
        now, memory = self._clock(), self._cache.memory
        for name, scanner in self._scanners.items():
            yield name, standing(scanner, memory.egress(name), memory.accepted_at(name), now)

    async def _look_up(self, scanner: Scanner) -> Found:
        found = self._learn(scanner, *await self._expand(scanner.spf))
        self._found[scanner.name] = found
        return found

    async def _expand(self, names: tuple[str, ...]) -> tuple[Expansion, dict[Question, Fact]]:
        facts: dict[Question, Fact] = {}
        while True:
            known = {question: fact.remembered for question, fact in facts.items()}
            expansion = expand(names, known)
            asks = expansion.next_asks(known)
            if not asks:
                return expansion, facts
            answers = await asyncio.gather(*(self._cache.find(question) for question in asks))
            facts.update(zip(asks, answers, strict=True))

    def _learn(
        self, scanner: Scanner, expansion: Expansion, facts: Mapping[Question, Fact]
    ) -> Found:
        now = self._clock()
        memory = self._cache.memory
        accepted_at = memory.accepted_at(scanner.name)
        before = memory.egress(scanner.name)
        history = learn(before, scanner.spf, expansion, accepted_at, now)
        if history != before:
            memory.keep_egress(scanner.name, history)
        self._anywhere = None
        remembered = [fact.remembered for fact in facts.values() if fact.remembered]
        lapses = [end for g in history.gone if (end := g.gone_at + COOLING_OFF) > now]
        return Found(
            replace(
                standing(scanner, history, accepted_at, now),
                missing=tuple(q for q, fact in facts.items() if fact.remembered is None),
                unlisted=expansion.unlisted,
                stale=any(known.expires_at <= now for known in remembered),
                observed_at=min((known.observed_at for known in remembered), default=None),
            ),
            until=min([*(fact.until for fact in facts.values()), *lapses]),
        )
