"""What `mxward serve` does beside serving: it rereads the inventory and writes what was learned.

Each chore has a thread of its own, so that a command that takes long, a locked store or a log that
nobody reads holds up nothing else, and the event loop waits for none of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from mxward.config import Config
from mxward.domains import Domains
from mxward.inventory import Inventory, Reading
from mxward.lookup.doors import Doors
from mxward.proxy.certificates import Certificates
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.keeper import Keeper
from mxward.store.database import Store, StoreError
from mxward.store.memory import StoredMemory

__all__ = ["Chores", "Loud", "open_store", "tell"]

Loud = Callable[..., None]
"""Puts an event with its fields into the log, marked for a person to look at."""

_STORE_TRIES = 4
_FORGOTTEN = 90 * 86400.0
"""Seconds after which an answer that nobody has asked for again is forgotten, at a start."""


class Chores:
    """The chores of one proxy. To be made on its event loop."""

    def __init__(
        self,
        decider: Decider,
        doors: Doors,
        inventory: Inventory,
        opened: tuple[Store, StoredMemory] | None,
        certificates: Certificates | None,
        loud: Loud,
    ) -> None:
        self._certificates = certificates
        self._loop = asyncio.get_running_loop()
        self._decider = decider
        self._doors = doors
        self._inventory = inventory
        self._opened = opened
        self._kept_size = len(decider.rules.inventory)  # as `open_store` has left it
        self._loud = loud

    def keepers(self, eventlog: EventLog) -> list[Keeper]:
        """A thread for each chore, the log's last: it writes what the others had to say."""
        chores = (
            self.reread_inventory,
            self.reload_certificates,
            self.keep_memory,
            eventlog.flush,
        )
        return [Keeper([chore], self._failed) for chore in chores]

    def reread_inventory(self) -> None:
        news = self._inventory.poll(time.monotonic())
        if news is not None:
            tell(news, self._loud)
            self._loop.call_soon_threadsafe(self._apply, news)

    def reload_certificates(self) -> None:
        if self._certificates is not None:
            for what in self._certificates.reload():
                self._loud("certificates", what=what)

    def keep_memory(self) -> None:
        if self._opened is None:
            return
        store, memory = self._opened
        memory.drain()
        if memory.reread():
            self._loop.call_soon_threadsafe(self._doors.refresh)
        domains = len(self._decider.rules.inventory)
        if domains != self._kept_size:
            store.keep_inventory_size(domains)
            self._kept_size = domains
        dropped, memory.dropped = memory.dropped, 0
        if dropped:
            self._loud("memory-dropped", answers=dropped)

    def _apply(self, news: Reading) -> None:
        self._decider.rules = replace(self._decider.rules, inventory=news.domains)

    def _failed(self, chore: str, trace: str) -> None:
        self._loud("failure", chore=chore, trace=trace)


def tell(reading: Reading, loud: Loud) -> None:
    if reading.refused:
        loud("inventory-refused", why=reading.refused)
    if reading.unusable:
        samples = "; ".join(reading.samples)
        loud("inventory-lines-unusable", lines=reading.unusable, samples=samples)


def open_store(config: Config, domains: Domains, loud: Loud) -> tuple[Store, StoredMemory] | None:
    """The store and what it remembers. Without it the proxy runs, and defers, loudly."""
    for left in reversed(range(_STORE_TRIES)):
        try:
            store = Store.open(config.store.path)
            store.prune(time.time() - _FORGOTTEN)
            _keep_size(len(domains), store, loud)
            return store, StoredMemory(store, spelled=domains.spelled)
        except StoreError as error:
            if left and "locked" in str(error):
                continue  # a backup, say: each try has waited for some seconds
            mend = "until then nothing is refused, only deferred; restart when it can be read"
            loud("store-unreadable", why=error, mend=mend)
            break
    return None


def _keep_size(domains: int, store: Store, loud: Loud) -> None:
    """Tell where a first list is less than half of what it was; it is in force all the same."""
    before = store.inventory_size()
    if domains * 2 < before:
        mend = "it is in force, for there is no other; put the old list back if it should not be"
        loud("inventory-shrank", before=before, now=domains, mend=mend)
    store.keep_inventory_size(domains)
