"""What `explain` and `door` ask with: the proxy's own look-ups, and what its store remembers."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mxward.cli import resolving
from mxward.cli.recalling import Recalling
from mxward.config import Config
from mxward.domains import Domains
from mxward.frontdoor.egress import Egress
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.networks import Address
from mxward.store.database import Store, StoreError
from mxward.store.recollection import Recollection

__all__ = ["Inquiry", "server_of"]


class Inquiry:
    """Asks as the proxy would. Nothing is written to the store, unless the operator accepts it."""

    def __init__(self, config: Config, inventory: Domains, *, accepts: bool = False) -> None:
        """Raises ConfigError where there is no DNS server to ask.

        Without a store to read, nothing is remembered, nor is what `mxward trust` and `stage` have
        set there, and `remark` says why; where the operator `accepts`, that raises StoreError.
        """
        self.rules = config.rules(inventory)
        self.remark = ""
        path = Path(config.store.path)
        resolver = resolving.resolver(config)
        self._memory = Recollection()
        self._store: Store | None = None
        try:
            # one that is made here would belong to whoever types this, not to the proxy's user
            self._store = Store.open(path, read_only=not (accepts and path.exists()))
            self._memory = Recalling(self._store)
            self.rules = self.rules.having(self._store.word())
        except StoreError as error:
            if accepts:
                raise
            lost = ", nor what mxward trust and stage have set" * path.exists()
            self.remark = f"nothing is remembered{lost}: {error}"
        # the proxy may well read what is closed to whoever types this
        unusable = bool(self.remark) and os.access(path, os.R_OK)
        self.doors = Doors(
            resolver, self.rules.scanners, self._memory, time.time, memory_lost=unusable
        )
        self.names = ClientNames(resolver, time.time)

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()

    async def accept(self, scanner: str) -> Egress | None:
        """Give the operator's word for all that waits of a scanner; None where nothing did.

        What waited is returned. Raises StoreError.
        """
        before = await self.doors.egress(scanner)
        if not before.held and not before.leaving:
            return None
        if isinstance(self._memory, Recalling):
            self._memory.save()  # what is accepted must not be news to the proxy later
        self._memory.accept(scanner, time.time())
        self.doors.refresh()
        return before


def server_of(config: Config) -> Address:
    """Where clients connect to, as far as the configuration tells."""
    listening = [end.address for end in config.listeners if end.address]
    return (*config.server.addresses, *config.intercept.addresses, *listening)[0]
