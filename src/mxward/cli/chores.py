"""What `mxward serve` does beside serving: it rereads the inventory and writes what was learned.

Each chore has a thread of its own, so that a command that takes long, a locked store or a log that
nobody reads holds up nothing else, and the event loop waits for none of them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from mxward.cli.in_force import InForce
from mxward.cli.loaded import Loaded, reread
from mxward.cli.opened import Loud
from mxward.cli.storing import Storing
from mxward.config import ConfigError
from mxward.inventory import Inventory, Reading
from mxward.proxy.eventlog import EventLog
from mxward.proxy.gauges import Gauges
from mxward.proxy.keeper import Keeper

__all__ = ["Chores", "tell"]


class Chores:
    """The chores of one worker. To be made on its event loop.

    `current` gives what is in force; `reloaded` is called on the event loop with what came of a
    `reload`. `speaks`: of several workers this is the one that does what one is enough for.
    """

    def __init__(
        self,
        path: Path,
        storing: Storing,
        current: Callable[[], InForce],
        reloaded: Callable[[Loaded | ConfigError], None],
        loud: Loud,
        gauges: Gauges,
        *,
        speaks: bool,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._path = path
        self._storing = storing
        self._current = current
        self._reloaded = reloaded
        self._reload_asked = threading.Event()
        self._loud = loud
        self._gauges = gauges
        self._speaks = speaks

    def reload(self) -> None:
        """Read the configuration and all that it names anew, in a moment."""
        self._reload_asked.set()

    def keepers(self, eventlog: EventLog) -> list[Keeper]:
        """A thread for each chore, the log's last: it writes what the others had to say."""
        storing = self._storing
        chores: tuple[Sequence[Callable[[], None]], ...] = (
            [self.reread_inventory],
            [self.reload_certificates],
            [storing.hear_word],
            [storing.keep_memory, storing.keep_decisions],  # by one connection
            [self.read_gauges],
            [eventlog.flush],
        )
        return [Keeper(each, self._failed) for each in chores]

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
