"""`mxward serve`: the proxy. This is where configuration, store, look-ups and sockets meet."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import uvloop

from mxward.cli.options import config_option, problems
from mxward.cli.resolving import mail_server, resolver
from mxward.config import Config, ConfigError, Problem, load
from mxward.inventory import Inventory, Reading
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.lookup.resolver import DnsResolver
from mxward.networks import Address
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.keeper import Keeper
from mxward.proxy.learning import learn
from mxward.proxy.server import bind, room_for_sessions
from mxward.proxy.server import serve as serve_clients
from mxward.proxy.shared import MAX_SESSIONS, Shared
from mxward.smtp.envelope import Settings
from mxward.smtp.identity import Identity
from mxward.smtp.rerouting import Mark, RateCap
from mxward.smtp.vocabulary import Endpoint, Log
from mxward.store.database import Store, StoreError
from mxward.store.memory import StoredMemory
from mxward.store.recollection import Recollection

__all__ = ["serve"]

_HEAD_START = 2.0
"""Seconds to learn what the mail server offers, and the scanners' egress, before any client."""

_STORE_TRIES = 4
_FINDINGS = 60.0
"""Seconds between two looks at what waits for the operator's word."""
_FORGOTTEN = 90 * 86400.0
"""Seconds after which an answer that nobody has asked for again is forgotten, at a start."""

_WHY_NOT = {
    errno.EADDRINUSE: "somebody listens there already; stop that server, or write another port",
    errno.EADDRNOTAVAIL: "no address of this machine; write one that `ip address` lists",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; give it that",
}

_HELP = """Stand before the mail server, and send back-door mail where it belongs.

Runs in the foreground until SIGTERM or SIGINT; messages under way may then end, for 30 seconds at
most. The log goes to standard output, one line a decision.

\b
Example: mxward serve --config /etc/mxward/mxward.toml

Exit codes: 0 stopped as asked, 1 inside failure, 2 wrong usage, 78 wrong configuration.
"""


_Loud = Callable[..., None]


@click.command(help=_HELP)
@config_option
def serve(path: Path) -> None:
    """Read everything that may be wrong first, then listen."""
    with problems():
        config = load(path)
        upstream, dns = mail_server(config), resolver(config)
        inventory = Inventory(config.inventory, config.place("inventory"))
        reading = inventory.read()
        listeners = _listen(config)
    eventlog = EventLog(sys.stdout, config.log.format)
    uvloop.run(_serve(config, upstream, dns, inventory, reading, listeners, eventlog))


async def _serve(
    config: Config,
    upstream: Endpoint,
    dns: DnsResolver,
    inventory: Inventory,
    reading: Reading,
    listeners: list[socket.socket],
    eventlog: EventLog,
) -> None:
    def loud(event: str, **fields: object) -> None:
        eventlog.put(time.time(), event, {"level": "loud", **fields})

    for warning in config.warnings:
        loud("configuration", warning=warning)
    _tell(reading, loud)
    opened = _open(config, loud)
    memory = opened[1] if opened else Recollection()
    mark = Mark(opened[0].mark_key() if opened else os.urandom(32))
    if opened:
        _keep_size(len(reading.domains), opened[0], loud)
    rules = config.rules(reading.domains)
    doors = Doors(
        dns,
        rules.scanners,
        memory,
        time.time,
        memory_lost=opened is None,
    )
    names = ClientNames(dns, time.time)
    decider = Decider(rules, doors, names, upstream, config.server.reroute_port)
    sources: dict[int, Address] = {s.version: s for s in config.server.reroute_source}
    shared = Shared(_settings(config, mark), decider, eventlog, upstream, sources)
    shared.most_sessions = room_for_sessions()
    if shared.most_sessions < MAX_SESSIONS:
        mend = "raise the limit of open files (LimitNOFILE=, ulimit -n)"
        loud("few-sessions", most=shared.most_sessions, mend=mend)

    loop = asyncio.get_running_loop()

    def reread_inventory() -> None:
        news = inventory.poll(time.monotonic())
        if news is not None:
            _tell(news, loud)
            fresh = replace(decider.rules, inventory=news.domains)
            loop.call_soon_threadsafe(setattr, decider, "rules", fresh)

    def keep_memory() -> None:
        if opened is None:
            return
        store, stored = opened
        stored.drain()
        if stored.reread():
            loop.call_soon_threadsafe(doors.refresh)
        if store.inventory_size() != (domains := len(decider.rules.inventory)):
            store.keep_inventory_size(domains)
        dropped, stored.dropped = stored.dropped, 0
        if dropped:
            loud("memory-dropped", answers=dropped)

    async def tell_what_waits() -> None:
        while True:
            shared.findings.waiting(doors.waiting())
            await asyncio.sleep(_FINDINGS)

    def failed(chore: str, trace: str) -> None:
        loud("failure", chore=chore, trace=trace)

    # One for each: a command that takes long, or a log that nobody reads, holds up nothing else.
    keepers = [Keeper([chore], failed) for chore in (reread_inventory, keep_memory, eventlog.flush)]
    for keeper in keepers:
        keeper.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    addresses = " ".join(_end(listener) for listener in listeners)
    shared.log(Log("ready", {"listen": addresses, "domains": len(reading.domains)}))
    background = [loop.create_task(learn(shared)), loop.create_task(doors.prepare())]
    try:
        # Clients wait in the backlog for a moment, rather than be offered less than there is.
        await asyncio.wait(background, timeout=_HEAD_START)
        background.append(loop.create_task(tell_what_waits()))
        await serve_clients(shared, listeners, stop)
    finally:
        for task in background:
            task.cancel()
        shared.log(Log("stopped"))
        for keeper in keepers:
            keeper.stop()


def _settings(config: Config, mark: Mark) -> Settings:
    rates = {name: RateCap(table.reroute_rate) for name, table in config.scanners.items()}
    return Settings(
        hostname=config.server.name(),
        mark=mark,
        contact=config.server.contact or "",
        identity=Identity(config.server.identity),
        caps=rates,
    )


def _open(config: Config, loud: _Loud) -> tuple[Store, StoredMemory] | None:
    """The store and what it remembers. Without it the proxy runs, and defers, loudly."""
    for left in reversed(range(_STORE_TRIES)):
        try:
            store = Store.open(config.store.path)
            store.prune(time.time() - _FORGOTTEN)
            return store, StoredMemory(store)
        except StoreError as error:
            if left and "locked" in str(error):
                continue  # a backup, say: each try has waited for some seconds
            mend = "until then nothing is refused, only deferred; restart when it can be read"
            loud("store-unreadable", why=error, mend=mend)
            break
    return None


def _keep_size(domains: int, store: Store, loud: _Loud) -> None:
    """Tell where a first list is less than half of what it was; it is in force all the same."""
    before = store.inventory_size()
    if domains * 2 < before:
        mend = "it is in force, for there is no other; put the old list back if it should not be"
        loud("inventory-shrank", before=before, now=domains, mend=mend)
    store.keep_inventory_size(domains)


def _tell(reading: Reading, loud: _Loud) -> None:
    if reading.refused:
        loud("inventory-refused", why=reading.refused)
    if reading.unusable:
        samples = "; ".join(reading.samples)
        loud("inventory-lines-unusable", lines=reading.unusable, samples=samples)


def _listen(config: Config) -> list[socket.socket]:
    """Bind everything, or nothing and say why. Raises ConfigError."""
    listeners: list[socket.socket] = []
    for end in config.server.listen:
        try:
            listeners.append(bind(end.host, end.port))
        except OSError as error:
            for listener in listeners:
                listener.close()
            why = _WHY_NOT.get(error.errno or 0, error.strerror)
            text = f"server.listen: {end}: {why}"
            raise ConfigError([Problem(config.place("server", "listen"), text)]) from None
    return listeners


def _end(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
