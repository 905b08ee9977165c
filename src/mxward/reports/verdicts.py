"""What the rule says of each key, and on what that rests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

import pyarrow as pa

from mxward import policy
from mxward.lookup.past import Then
from mxward.model import (
    NOT_ASKED,
    Arrival,
    ConfirmedNames,
    Decision,
    FrontDoor,
    Known,
    Needs,
    Rules,
    Source,
)
from mxward.networks import Address
from mxward.reports import epochs
from mxward.reports.epochs import Doors
from mxward.reports.keys import COLUMNS, Key, arrivals, keys_of

__all__ = ["Asked", "Facts", "Judging", "Progress", "Rested"]

_AT_ONCE = 200  # look-ups under way
_SAID = ("domain", "door", "action", "reason")

Progress = Callable[[int, int], None]
"""Hears how many of how many are done."""


class Facts(Protocol):
    """Whoever knows, or looks up, what decisions need. None of them ever raises."""

    def doors_then(
        self, domains: Collection[str], first: float, last: float
    ) -> Mapping[str, Sequence[Then]]:
        """The front doors that are remembered for a time; a domain that is left out has none."""

    def known_door(self, domain: str) -> FrontDoor | None:
        """Today's front door, where it is known without waiting."""

    async def front_door(self, domain: str) -> FrontDoor: ...

    async def names(self, client: Address) -> ConfirmedNames: ...


class Rested(StrEnum):
    """What front door a decision rested on."""

    THEN = "then"  # remembered for that time
    TODAY = "today"
    MEMORY = "memory"  # remembered last, for the DNS failed
    NOTHING = "nothing"  # the DNS failed, and nothing is remembered


@dataclass(slots=True)
class Asked:
    """What the decisions rested on, to be told beside them."""

    keys: int = 0
    doors: dict[str, tuple[FrontDoor, ...]] = field(default_factory=dict)
    """By domain, all that were in force in the time of its mail, the newest last."""
    names: dict[Address, ConfirmedNames] = field(default_factory=dict)
    rested: Counter[Rested] = field(default_factory=Counter)
    """How many recipients' decisions rested on what."""


class Judging:
    """The decisions for all keys, and what has to be looked up first."""

    def __init__(
        self,
        rules: Rules,
        facts: Facts,
        server: Address,
        begins: Sequence[float],
        over: Mapping[str, Doors],
    ) -> None:
        self._rules = rules
        self._facts = facts
        self._server = server
        self._begins = [max(at, 0.0) for at in begins]
        self._over = over
        self._today: dict[str, FrontDoor] = {}
        self.asked = Asked()

    def verdicts(self, folded: pa.Table, progress: Progress) -> pa.Table:
        """What the rule says of each key."""
        keys = keys_of(folded)
        brought = list(arrivals(keys, self._server))
        needs = list(self._needs(keys, brought))
        thens = list(map(self._then, keys))
        asyncio.run(self._look_up(brought, needs, thens, progress))
        decisions = list(map(self._decide, keys, brought, needs, thens))
        self.asked.keys = len(keys)
        self.asked.doors = self._doors(keys, needs)
        self._count(needs, thens, folded["recipients"].to_pylist())
        return _table(folded, decisions)

    def _needs(self, keys: Iterable[Key], brought: Iterable[Arrival]) -> Iterator[Needs]:
        """They do not depend on the client; so many keys have the same."""
        known: dict[tuple[str, str, str], Needs] = {}
        for key, arrival in zip(keys, brought, strict=True):
            of = (key.recipient, key.sender, key.authenticated)
            found = known.get(of)
            if found is None:
                found = known[of] = policy.needs(arrival, self._rules)
            yield found

    def _decide(self, key: Key, arrival: Arrival, needs: Needs, then: FrontDoor | None) -> Decision:
        if needs.names and arrival.names.state is Known.NOT_ASKED:
            arrival = replace(arrival, names=self.asked.names[arrival.client])
        at = self._begins[key.epoch // epochs.DOORS]
        domain = needs.front_door
        door = NOT_ASKED if domain is None else then or self._today[domain]
        return policy.decide(arrival, door, self._rules, at)

    def _then(self, key: Key) -> FrontDoor | None:
        """The front door that is remembered for a key's time."""
        over = self._over.get(key.recipient)
        return over.doors[key.epoch % epochs.DOORS] if over else None

    def _doors(
        self, keys: Iterable[Key], needs: Iterable[Needs]
    ) -> dict[str, tuple[FrontDoor, ...]]:
        found: dict[str, tuple[FrontDoor, ...]] = {}
        for key, need in zip(keys, needs, strict=True):
            domain = need.front_door
            if domain is not None and domain not in found:
                over = self._over.get(key.recipient)
                today = self._today.get(domain)
                before = over.in_order() if over else ()
                found[domain] = (*before, today) if today else before
        return found

    def _count(
        self, needs: Iterable[Needs], thens: Iterable[FrontDoor | None], counts: Iterable[int]
    ) -> None:
        """For how many recipients the front door was known from where."""
        for need, then, count in zip(needs, thens, counts, strict=True):
            domain = need.front_door
            if domain is not None:
                rested = Rested.THEN if then else _rested(self._today[domain])
                self.asked.rested[rested] += count

    async def _look_up(
        self,
        brought: Iterable[Arrival],
        needs: Iterable[Needs],
        thens: Iterable[FrontDoor | None],
        progress: Progress,
    ) -> None:
        """Find every front door of today and every name that is needed, each once."""
        domains: dict[str, None] = {}
        clients: dict[Address, None] = {}
        for arrival, need, then in zip(brought, needs, thens, strict=True):
            if need.front_door is not None and then is None:
                domains[need.front_door] = None
            if need.names and arrival.names.state is Known.NOT_ASKED:
                clients[arrival.client] = None
        today = self._today
        for domain in domains:
            known = self._facts.known_door(domain)
            if known is not None:
                today[domain] = known
        slots = asyncio.Semaphore(_AT_ONCE)

        async def door(domain: str) -> None:
            async with slots:
                today[domain] = await self._facts.front_door(domain)
                progress(len(today), len(domains))

        async def names(client: Address) -> None:
            async with slots:
                self.asked.names[client] = await self._facts.names(client)

        unknown = [domain for domain in domains if domain not in today]
        await asyncio.gather(*map(door, unknown), *map(names, clients))


def _rested(door: FrontDoor) -> Rested:
    if door.state is Known.FAILED:
        return Rested.NOTHING
    return Rested.MEMORY if door.source is Source.REMEMBERED else Rested.TODAY


def _table(folded: pa.Table, decisions: list[Decision]) -> pa.Table:
    said = (
        [decision.evidence.domain for decision in decisions],
        [decision.door for decision in decisions],
        [decision.action for decision in decisions],
        [decision.reason for decision in decisions],
    )
    number = len(COLUMNS) - 1
    told = folded.select([*COLUMNS, "recipients"])
    told = told.set_column(number, COLUMNS[number], folded[COLUMNS[number]].cast(pa.int32()))
    for name, values in zip(_SAID, said, strict=True):
        told = told.append_column(name, pa.array(values, pa.string()))
    return told
