"""What `mxward policyd` does while it runs: this is where store, look-ups and listeners meet."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxward.cli import wiring
from mxward.cli.chores import tell
from mxward.cli.in_force import Swap, refuse_unsafe, safe
from mxward.cli.inquiry import server_of
from mxward.cli.opened import open_store
from mxward.cli.policyd_loaded import Loaded, read, rules_of
from mxward.cli.storing import Storing
from mxward.config import Answered, Config, ConfigError, load
from mxward.inventory import Inventory, Reading
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.model import Stored
from mxward.policyd.connection import Answering, Manner
from mxward.policyd.service import serve as answer
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.keeper import Keeper
from mxward.proxy.output import Output
from mxward.proxy.recent import Recent
from mxward.store.recollection import Recollection

__all__ = ["serve"]

_HEAD_START = 2.0
"""Seconds to learn the scanners' egress before the first question."""


@dataclass(frozen=True, slots=True)
class _InForce:
    """What is answered by; a reload puts another in its place."""

    loaded: Loaded
    doors: Doors
    names: ClientNames
    decider: Decider
    loop: asyncio.AbstractEventLoop

    @property
    def config(self) -> Config:
        return self.loaded.config


async def serve(path: Path, loaded: Loaded, listeners: Sequence[socket.socket]) -> None:
    """Answer until it is told to end."""
    await _Service(path, loaded).serve(listeners)


class _Service:
    """To be made on its event loop."""

    def __init__(self, path: Path, loaded: Loaded) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._preparing: set[asyncio.Task[None]] = set()
        self._eventlog = EventLog(Output(sys.stdout.fileno()), loaded.config.log.format)
        self._recent = Recent()
        self._reload_asked = threading.Event()
        opened = open_store(loaded.config, loaded.reading.domains, self._loud, tidy=True)
        self._memory = opened.memory if opened else Recollection()
        self._memory_lost = opened is None
        word = safe(loaded.config, opened.hearing.word) if opened else Stored()
        self._in_force = self._put_together(loaded, word, None)
        self._answering = Answering(self._manner(), self._eventlog, self._recent)
        self._storing = Storing(
            opened,
            self._recent,
            lambda: self._in_force,
            lambda: [self._in_force.decider],
            lambda swaps: self._loop.call_soon_threadsafe(self._heard, swaps),
            self._loud,
            speaks=True,
        )
        self._tell_about(loaded)

    def _put_together(self, loaded: Loaded, word: Stored, former: _InForce | None) -> _InForce:
        """Raises ConfigError where a stage that the store sets is not safe with this."""
        config = loaded.config
        refuse_unsafe(config, word.stages)
        known_by = (former.config, former.doors, former.names) if former else None
        doors, names = wiring.look_ups(
            config, loaded.dns, self._memory, self._memory_lost, known_by
        )
        decider = wiring.decider(config, rules_of(loaded).having(word), doors, names)
        return _InForce(loaded, doors, names, decider, self._loop)

    def _manner(self) -> Manner:
        config = self._in_force.config
        return Manner(
            self._in_force.decider,
            server_of(config),
            config.server.contact or "",
            config.policyd.fail is Answered.DEFER,
        )

    async def serve(self, listeners: Sequence[socket.socket]) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._ended.set)
        self._loop.add_signal_handler(signal.SIGHUP, self._reload_asked.set)
        gc.collect()
        gc.freeze()  # all this stays
        storing = self._storing
        chores = (
            [self._reread],
            [storing.hear_word],
            [storing.keep_memory, storing.keep_decisions],  # by one connection
            [self._eventlog.flush],  # the last: it writes what the others had to say
        )
        keepers = [Keeper(each, self._failed) for each in chores]
        for keeper in keepers:
            keeper.start()
        try:
            await asyncio.wait((self._prepare(),), timeout=_HEAD_START)
            where = " ".join(map(_spelled, listeners))
            domains = len(self._in_force.decider.rules.inventory)
            self._put("ready", listen=where, domains=domains)
            await answer(self._answering, listeners, self._ended)
        finally:
            for preparing in tuple(self._preparing):
                preparing.cancel()
            self._put("stopped")
            for keeper in keepers:
                keeper.stop()

    def _prepare(self) -> asyncio.Task[None]:
        """Learn the scanners' egress before somebody asks for it."""
        preparing = self._loop.create_task(self._in_force.doors.prepare())
        self._preparing.add(preparing)
        preparing.add_done_callback(self._preparing.discard)
        return preparing

    # -- what is in force -----------------------------------------------------------------------

    def _heard(self, swaps: Sequence[Swap]) -> None:
        for decider, before, after in swaps:
            if decider.rules is before:
                decider.rules = after
        rules = self._in_force.decider.rules
        self._put("word", trusted=len(rules.stored.trust), stages=len(rules.stages_set))

    def _reread(self) -> None:
        """In a thread of its own: the configuration when it is asked for, else the inventory."""
        loaded = self._in_force.loaded
        if self._reload_asked.is_set():
            self._reload_asked.clear()
            try:
                found: Loaded | ConfigError = read(load(self._path), loaded)
            except ConfigError as error:
                found = error
            self._loop.call_soon_threadsafe(self._reloaded, found)
            return
        news = loaded.inventory.poll(time.monotonic())
        if news is not None:
            tell(news, self._loud)
            self._loop.call_soon_threadsafe(self._apply, loaded.inventory, news)

    def _apply(self, inventory: Inventory, news: Reading) -> None:
        decider = self._in_force.decider
        if self._in_force.loaded.inventory is inventory:  # else a reload has come in between
            decider.rules = replace(decider.rules, inventory=news.domains)

    def _reloaded(self, found: Loaded | ConfigError) -> None:
        try:
            if isinstance(found, ConfigError):
                raise found
            word = self._in_force.decider.rules.stored
            self._in_force = self._put_together(found, word, self._in_force)
        except ConfigError as error:
            self._loud("reload-refused", why=error)
            return
        self._answering.manner = self._manner()
        self._prepare()
        self._tell_about(found)
        self._put("reloaded", domains=len(found.reading.domains))

    # -- the log ----------------------------------------------------------------------------------

    def _tell_about(self, loaded: Loaded) -> None:
        tell(loaded.reading, self._loud)

    def _failed(self, chore: str, trace: str) -> None:
        self._loud("failure", chore=chore, trace=trace)

    def _loud(self, event: str, **fields: object) -> None:
        self._eventlog.put(time.time(), event, {"level": "loud", **fields})

    def _put(self, event: str, **fields: object) -> None:
        self._eventlog.put(time.time(), event, fields)


def _spelled(listener: socket.socket) -> str:
    name = listener.getsockname()
    if isinstance(name, str):
        return name
    host, port, *_ = name
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
