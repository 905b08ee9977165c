"""What replaying the past rests on: front doors that are remembered for that time, or known today.

Nothing is written, neither to the store nor anywhere else.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from mxward.cli import resolving
from mxward.cli.recalling import Recalling
from mxward.config import Config
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.lookup.past import Past, Then
from mxward.lookup.resolver import Resolver
from mxward.model import Answer, ConfirmedNames, FrontDoor, Known, Question, Rules
from mxward.networks import Address
from mxward.store.database import Store, StoreError
from mxward.store.recollection import Recollection

__all__ = ["LookUps"]


class LookUps:
    """Knows what the store remembers, and asks the DNS for the rest."""

    def __init__(self, config: Config, rules: Rules, store: Store | None, *, offline: bool) -> None:
        """Raises ConfigError where there is no DNS server to ask."""
        resolver: Resolver = _Nobody() if offline else resolving.resolver(config)
        self._scanners = rules.scanners
        self._store = store
        self._past: Past | None = None
        self._memory = _memory(store)
        self._doors = Doors(resolver, rules.scanners, self._memory, time.time)
        self._names = ClientNames(resolver, time.time)

    def doors_then(
        self, domains: Collection[str], first: float, last: float
    ) -> Mapping[str, Sequence[Then]]:
        """Those that the store remembers."""
        if self._store is None:
            return {}
        try:
            past = Past(self._store, self._scanners, first, last)
            past.load(domains)
            found = {domain: past.doors(domain) for domain in domains}
        except StoreError:
            return {}
        self._past = past
        return found

    def known_door(self, domain: str) -> FrontDoor | None:
        if self._past is not None:  # what it has read of today need not be read again, one by one
            for question, known in self._past.present():
                self._memory.keep(question, known)
            self._past = None
        return self._doors.known(domain)

    async def front_door(self, domain: str) -> FrontDoor:
        return await self._doors.find(domain)

    async def names(self, client: Address) -> ConfirmedNames:
        return await self._names.find(client)


def _memory(store: Store | None) -> Recollection:
    if store is not None:
        try:
            return Recalling(store)
        except StoreError:
            pass
    return Recollection()


class _Nobody:
    """Asks nobody: every question fails."""

    async def ask(self, question: Question) -> Answer:
        return Answer(Known.FAILED)
