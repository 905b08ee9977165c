"""Asks the policy about an arrival: what it needs is looked up, and only that.

Where everything is known already, the answer comes without waiting: no task, no database.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from mxward import policy
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.model import (
    NOT_ASKED,
    Action,
    Arrival,
    ConfirmedNames,
    Decision,
    Exchange,
    FrontDoor,
    Known,
    Rules,
)
from mxward.networks import Address
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Decided, Endpoint

__all__ = ["Decider"]

PATIENCE = 20.0
"""Seconds for all the look-ups of one decision. The client waits meanwhile, in its RCPT."""


class Decider:
    """Answers for arrivals by the rules of the moment; `rules` may be replaced at any time."""

    def __init__(
        self,
        rules: Rules,
        doors: Doors,
        names: ClientNames,
        reroute_port: int = 25,
        scanner_tls: Mapping[str, Tls] | None = None,
        tells_names: bool = False,
        clock: Callable[[], float] = time.time,
        shuffle: Callable[[list[Endpoint]], None] = random.shuffle,
        patience: float = PATIENCE,
    ) -> None:
        self.rules = rules
        self._doors = doors
        self._names = names
        self._reroute_port = reroute_port
        self._scanner_tls = scanner_tls or {}
        self._tells_names = tells_names  # the mail server is told the client's names
        self._clock = clock
        self._shuffle = shuffle
        self.patience = patience

    def at_once(self, arrival: Arrival) -> Decided | None:
        """The answer, if all that it needs is known and fresh."""
        needs = policy.needs(arrival, self.rules)
        door: FrontDoor | None = NOT_ASKED
        if needs.front_door is not None:
            door = self._doors.known(needs.front_door)
        names: ConfirmedNames | None = arrival.names
        if needs.names:
            names = self._names.known(arrival.client)
        if door is None or names is None:
            return None
        decided = self._decided(arrival, door, names)
        if self._is_to_tell_names(decided):
            known = self._names.known(arrival.client)
            return None if known is None else replace(decided, names=known)
        return decided

    async def wait(self, arrival: Arrival) -> Decided:
        """The answer, after whatever look-ups it takes; what takes too long has failed."""
        needs = policy.needs(arrival, self.rules)
        # What is remembered of it is kept by this object: a million names need not be kept twice.
        domain = needs.front_door and self.rules.inventory.spelled(needs.front_door)
        door, names = await asyncio.gather(
            self._find_door(domain), self._find_names(arrival, needs.names)
        )
        decided = self._decided(arrival, door, names)
        if self._is_to_tell_names(decided):
            return replace(decided, names=await self._find_names(arrival, True))
        return decided

    def _is_to_tell_names(self, decided: Decided) -> bool:
        return self._tells_names and decided.decision.action is Action.PASS

    def welcomes(self, client: Address) -> bool:
        """Whether this is a scanner's address, as far as is known without asking."""
        return self._doors.welcomes(client)

    async def _find_door(self, domain: str | None) -> FrontDoor:
        if domain is None:
            return NOT_ASKED
        try:
            async with asyncio.timeout(self.patience):
                return await self._doors.find(domain)
        except TimeoutError:
            return FrontDoor(Known.FAILED)

    async def _find_names(self, arrival: Arrival, wanted: bool) -> ConfirmedNames:
        if not wanted:
            return arrival.names
        try:
            async with asyncio.timeout(self.patience):
                return await self._names.find(arrival.client)
        except TimeoutError:
            return ConfirmedNames(Known.FAILED)

    def _decided(self, arrival: Arrival, door: FrontDoor, names: ConfirmedNames) -> Decided:
        complete = arrival if names is arrival.names else replace(arrival, names=names)
        decision = policy.decide(complete, door, self.rules, self._clock())
        return Decided(arrival, decision, self._endpoints(decision))

    def _endpoints(self, decision: Decision) -> tuple[Endpoint, ...]:
        """Where it is rerouted: by preference, equal ones in random order (RFC 5321 5.1)."""
        endpoints: list[Endpoint] = []
        for preference in dict.fromkeys(x.preference for x in decision.targets):
            equals = [
                self._endpoint_of(x, address)
                for x in decision.targets
                if x.preference == preference
                for address in x.addresses
            ]
            self._shuffle(equals)
            endpoints += equals
        return tuple(endpoints)

    def _endpoint_of(self, host: Exchange, address: Address) -> Endpoint:
        scanner = host.scanner or ""
        tls = self._scanner_tls.get(scanner, Tls.OPPORTUNISTIC)
        return Endpoint(address, self._reroute_port, host.name, scanner, tls)
