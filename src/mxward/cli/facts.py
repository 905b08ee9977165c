"""What replaying the past rests on: the front doors that are remembered, or looked up now."""

from __future__ import annotations

import time

from mxward.cli import resolving
from mxward.config import Config
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.lookup.resolver import Resolver
from mxward.model import Answer, ConfirmedNames, FrontDoor, Known, Question, Rules
from mxward.networks import Address
from mxward.store.database import Store, StoreError
from mxward.store.memory import StoredMemory
from mxward.store.recollection import Recollection

__all__ = ["LookUps"]


class LookUps:
    """Knows what the store remembers, and asks the DNS for the rest. Nothing is written."""

    def __init__(self, config: Config, rules: Rules, *, offline: bool) -> None:
        """Raises ConfigError where there is no DNS server to ask.

        Without a store to read, nothing is remembered, and `remark` says why.
        """
        resolver: Resolver = _Nobody() if offline else resolving.resolver(config)
        memory = Recollection()
        self.remark = ""
        try:
            memory = StoredMemory(Store.open(config.store.path, read_only=True))
        except StoreError as error:
            self.remark = f"nothing is remembered: {error}"
        self._doors = Doors(resolver, rules.scanners, memory, time.time)
        self._names = ClientNames(resolver, time.time)

    def known_door(self, domain: str) -> FrontDoor | None:
        return self._doors.known(domain)

    async def front_door(self, domain: str) -> FrontDoor:
        return await self._doors.find(domain)

    async def names(self, client: Address) -> ConfirmedNames:
        return await self._names.find(client)


class _Nobody:
    """Asks nobody: every question fails."""

    async def ask(self, question: Question) -> Answer:
        return Answer(Known.FAILED)
