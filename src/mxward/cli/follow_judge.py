"""What a growing log tells -> what the rule says of it: by front doors as they are now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from mxward import policy
from mxward.cli.facts import LookUps
from mxward.cli.inquiry import server_of
from mxward.config import Config
from mxward.domains import Domains
from mxward.maillog.logged import Logged, Outcome
from mxward.model import NOT_ASKED, Arrival, ConfirmedNames, Decision, FrontDoor, Known, Needs
from mxward.networks import Address, address
from mxward.store.database import Store, StoreError

__all__ = ["Judge", "Judged"]

_HEARD_EVERY = 10.0  # seconds
_FORGOTTEN_AFTER = 3600.0  # seconds; what was looked up
_AT_ONCE = 200  # look-ups under way


class Judged(NamedTuple):
    """One recipient of one message that was accepted."""

    logged: Logged
    recipient: str
    decision: Decision


class Judge:
    """Decides as the proxy would, and hears what `mxward trust` and `mxward stage` say."""

    def __init__(self, config: Config, inventory: Domains, *, offline: bool) -> None:
        """Raises ConfigError where there is no DNS server to ask. `remark` is for the operator."""
        self.remark = ""
        self._config = config
        self._offline = offline
        self._server = server_of(config)
        self._rules = config.rules(inventory)
        self._store: Store | None = None
        try:
            self._store = Store.open(config.store.path, read_only=True)
            self._rules = self._rules.having(self._store.word())
        except StoreError as error:
            self.remark = f"nothing is remembered: {error}"
        self._renew()
        self._heard_at = time.monotonic()

    async def judge(self, logged: Iterable[Logged]) -> list[Judged]:
        """Those that were accepted from a client, in their order."""
        self._hear()
        found = [
            (one, recipient, self._arrival(one, recipient))
            for one in logged
            if one.outcome is Outcome.ACCEPTED and one.client is not None
            for recipient in one.recipients
        ]
        needs = [policy.needs(arrival, self._rules) for _, _, arrival in found]
        doors, names = await self._ask([arrival for _, _, arrival in found], needs)
        judged = []
        for (one, recipient, arrival), need in zip(found, needs, strict=True):
            door = doors[need.front_door] if need.front_door else NOT_ASKED
            if need.names and arrival.names.state is Known.NOT_ASKED:
                arrival = replace(arrival, names=names[arrival.client])
            decision = policy.decide(arrival, door, self._rules, one.at)
            judged.append(Judged(one, recipient, decision))
        return judged

    def _arrival(self, logged: Logged, recipient: str) -> Arrival:
        return Arrival(
            client=address(logged.client or ""),
            server=self._server if logged.interface is None else address(logged.interface),
            helo=logged.helo or "",
            sender=logged.sender or "",
            recipient=recipient,
            authenticated=logged.authenticated or None,
            names=_names(logged.name),
        )

    async def _ask(
        self, arrivals: Sequence[Arrival], needs: Sequence[Needs]
    ) -> tuple[dict[str, FrontDoor], dict[Address, ConfirmedNames]]:
        """Every front door and name that is needed, each once."""
        doors: dict[str, FrontDoor] = {}
        names: dict[Address, ConfirmedNames] = {}
        slots = asyncio.Semaphore(_AT_ONCE)

        async def door(domain: str) -> None:
            async with slots:
                doors[domain] = await self._facts.front_door(domain)

        async def name(client: Address) -> None:
            async with slots:
                names[client] = await self._facts.names(client)

        domains = {need.front_door for need in needs if need.front_door}
        clients = {
            arrival.client
            for arrival, need in zip(arrivals, needs, strict=True)
            if need.names and arrival.names.state is Known.NOT_ASKED
        }
        for domain in list(domains):
            known = self._facts.known_door(domain)
            if known is not None:
                doors[domain] = known
        await asyncio.gather(*map(door, domains - doors.keys()), *map(name, clients))
        return doors, names

    # -- over time ------------------------------------------------------------------------------

    def _hear(self) -> None:
        """What the operator has said meanwhile; and a memory that does not grow for ever."""
        now = time.monotonic()
        if now - self._renewed_at >= _FORGOTTEN_AFTER:
            self._renew()
        if self._store is None or now - self._heard_at < _HEARD_EVERY:
            return
        self._heard_at = now
        try:
            self._rules = self._rules.having(self._store.word())
        except StoreError:
            return  # what was heard last holds on

    def _renew(self) -> None:
        self._facts = LookUps(self._config, self._rules, self._store, offline=self._offline)
        self._renewed_at = time.monotonic()


def _names(told: str | None) -> ConfirmedNames:
    if told is None:
        return ConfirmedNames()
    return ConfirmedNames(Known.FOUND, (told,)) if told else ConfirmedNames(Known.ABSENT)
