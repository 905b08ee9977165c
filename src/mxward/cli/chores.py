"""What `mxward serve` does beside serving: it rereads the inventory and writes what was learned.

Each chore has a thread of its own, so that a command that takes long, a locked store or a log that
nobody reads holds up nothing else, and the event loop waits for none of them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mxward.cli.in_force import InForce
from mxward.cli.loaded import Loaded, reread
from mxward.config import Config, ConfigError
from mxward.domains import Domains
from mxward.inventory import Inventory, Reading
from mxward.proxy.eventlog import EventLog
from mxward.proxy.gauges import Gauges
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
    """The chores of one worker. To be made on its event loop.

    `current` gives what is in force; `reloaded` is called on the event loop with what came of a
    `reload`. `speaks`: of several workers this is the one that does what one is enough for.
    """

    def __init__(
        self,
        path: Path,
        opened: tuple[Store, StoredMemory] | None,
        current: Callable[[], InForce],
        reloaded: Callable[[Loaded | ConfigError], None],
        loud: Loud,
        gauges: Gauges,
        *,
        speaks: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._opened = opened
        self._current = current
        self._reloaded = reloaded
        self._reload_asked = threading.Event()
        self._kept_size = len(current().decider.rules.inventory)  # as `open_store` has left it
        self._loud = loud
        self._gauges = gauges
        self._speaks = speaks

    def reload(self) -> None:
        """Read the configuration and all that it names anew, in a moment."""
        self._reload_asked.set()

    def keepers(self, eventlog: EventLog) -> list[Keeper]:
        """A thread for each chore, the log's last: it writes what the others had to say."""
        chores = (
            self.reread_inventory,
            self.reload_certificates,
            self.keep_memory,
            self.read_gauges,
            eventlog.flush,
        )
        return [Keeper([chore], self._failed) for chore in chores]

    def reread_inventory(self) -> None:
        if self._reload_asked.is_set():
            self._reload_asked.clear()
            self._loop.call_soon_threadsafe(self._reloaded, self._read())
            return
        in_force = self._current()
        news = in_force.loaded.inventory.poll(time.monotonic())
        if news is not None:
            if self._speaks:
                tell(news, self._loud)
            if not news.refused:
                self._gauges.inventory_applied()
            self._loop.call_soon_threadsafe(self._apply, in_force.loaded.inventory, news)

    def _read(self) -> Loaded | ConfigError:
        try:
            return reread(self._path, self._current().loaded)
        except ConfigError as error:
            return error

    def reload_certificates(self) -> None:
        certificates = self._current().loaded.certificates
        if certificates is not None:
            found = certificates.reload()
            for what in found if self._speaks else ():
                self._loud("certificates", what=what)

    def keep_memory(self) -> None:
        if self._opened is None:
            return
        store, memory = self._opened
        memory.drain()
        if memory.reread():
            self._loop.call_soon_threadsafe(lambda: self._current().doors.refresh())
        domains = len(self._current().decider.rules.inventory)
        if self._speaks and domains != self._kept_size:
            store.keep_inventory_size(domains)
            self._kept_size = domains
        dropped, memory.dropped = memory.dropped, 0
        if dropped:
            self._loud("memory-dropped", answers=dropped)

    def read_gauges(self) -> None:
        in_force = self._current()
        self._gauges.read(in_force.shared, in_force.doors)

    def _apply(self, inventory: Inventory, news: Reading) -> None:
        in_force = self._current()
        if in_force.loaded.inventory is inventory:  # else a reload has come in between
            rules = in_force.decider.rules
            in_force.decider.rules = replace(rules, inventory=news.domains)

    def _failed(self, chore: str, trace: str) -> None:
        self._loud("failure", chore=chore, trace=trace)


def tell(reading: Reading, loud: Loud) -> None:
    if reading.refused:
        loud("inventory-refused", why=reading.refused)
    if reading.unusable:
        samples = "; ".join(reading.samples)
        loud("inventory-lines-unusable", lines=reading.unusable, samples=samples)


def open_store(
    config: Config, domains: Domains, loud: Loud, *, tidy: bool
) -> tuple[Store, StoredMemory] | None:
    """The store and what it remembers. Without it the proxy runs, and defers, loudly.

    Of several workers one is enough to `tidy` it up.
    """
    for left in reversed(range(_STORE_TRIES)):
        try:
            store = Store.open(config.store.path)
            if tidy:
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
