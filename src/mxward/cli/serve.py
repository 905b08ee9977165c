"""`mxward serve`: the proxy. This is where configuration, store, look-ups and sockets meet."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

import click
import uvloop

from mxward.cli import wiring
from mxward.cli.chores import Chores, Loud, open_store, tell
from mxward.cli.options import config_option, problems
from mxward.cli.resolving import mail_server, resolver
from mxward.config import Config, ConfigError, Problem, load
from mxward.inventory import Inventory, Reading
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.lookup.resolver import DnsResolver
from mxward.proxy.certificates import Certificates
from mxward.proxy.eventlog import EventLog
from mxward.proxy.learning import learn
from mxward.proxy.server import bind, room_for_sessions
from mxward.proxy.server import serve as serve_clients
from mxward.proxy.shared import Shared
from mxward.smtp.rerouting import Mark
from mxward.smtp.vocabulary import Endpoint, Log
from mxward.store.recollection import Recollection

__all__ = ["serve"]

_HEAD_START = 2.0
"""Seconds to learn what the mail server offers, and the scanners' egress, before any client."""

_FINDINGS = 60.0
"""Seconds between two looks at what waits for the operator's word."""
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


@click.command(help=_HELP)
@config_option
def serve(path: Path) -> None:
    """Read everything that may be wrong first, then listen."""
    with problems():
        config = load(path)
        upstream, dns = mail_server(config), resolver(config)
        inventory = Inventory(config.inventory, config.place("inventory"))
        reading = inventory.read()
        certificates = wiring.certificates(config)
        listeners = _listen(config)
        eventlog = EventLog(sys.stdout, config.log.format)
        serving = _serve(
            config, upstream, dns, inventory, reading, certificates, listeners, eventlog
        )
        uvloop.run(serving)


async def _serve(
    config: Config,
    upstream: Endpoint,
    dns: DnsResolver,
    inventory: Inventory,
    reading: Reading,
    certificates: Certificates | None,
    listeners: list[socket.socket],
    eventlog: EventLog,
) -> None:
    def loud(event: str, **fields: object) -> None:
        eventlog.put(time.time(), event, {"level": "loud", **fields})

    for warning in config.warnings:
        loud("configuration", warning=warning)
    tell(reading, loud)
    opened = open_store(config, reading.domains, loud)
    rules = config.rules(reading.domains)
    doors = Doors(
        dns,
        rules.scanners,
        opened[1] if opened else Recollection(),
        time.time,
        memory_lost=opened is None,
    )
    decider = wiring.decider(config, rules, doors, ClientNames(dns, time.time), upstream)
    mark = Mark(opened[0].mark_key() if opened else os.urandom(32))
    settings = wiring.settings(config, mark, upstream)
    shared = wiring.shared(config, settings, decider, eventlog, certificates)
    _make_room(shared, loud)
    chores = Chores(decider, doors, inventory, opened, certificates, loud)
    keepers = chores.keepers(eventlog)
    gc.collect()
    gc.freeze()  # all this stays: without it a full collection takes 0.1 s rather than 0.2 ms
    for keeper in keepers:
        keeper.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    addresses = " ".join(_end(listener) for listener in listeners)
    shared.log(Log("ready", {"listen": addresses, "domains": len(reading.domains)}))
    learning = loop.create_task(_learn(config, shared, stop))
    background: list[asyncio.Task[None]] = [learning, loop.create_task(doors.prepare())]
    try:
        # Clients wait in the backlog for a moment, rather than be offered less than there is.
        await asyncio.wait(background, timeout=_HEAD_START)
        background.append(loop.create_task(_tell_what_waits(shared, doors)))
        await serve_clients(shared, listeners, stop)
        if learning.done():
            learning.result()  # what it could not abide is the user's to hear
    finally:
        shared.pool.close()
        for task in background:
            task.cancel()
        shared.log(Log("stopped"))
        for keeper in keepers:
            keeper.stop()


def _make_room(shared: Shared, loud: Loud) -> None:
    room = shared.admission.room
    most = room_for_sessions(room.connections)
    shared.admission.room = room.within(most)
    if most < room.connections:
        mend = "raise the limit of open files (LimitNOFILE=, ulimit -n)"
        loud("few-sessions", most=most, mend=mend)


async def _tell_what_waits(shared: Shared, doors: Doors) -> None:
    while True:
        shared.findings.waiting(doors.waiting())
        await asyncio.sleep(_FINDINGS)


async def _learn(config: Config, shared: Shared, stop: asyncio.Event) -> None:
    """Learn what the mail server offers. Raises ConfigError where clients would lose STARTTLS."""
    if await learn(shared) and not (config.tls.certificates or config.tls.hide_starttls):
        stop.set()
        text = (
            f"tls.certificates: missing, and the mail server at {shared.settings.mail_server} "
            "offers STARTTLS: whoever uses it now would go on in the clear; write "
            'certificates = [{ chain = "/etc/mxward/mx.pem", key = "/etc/mxward/mx.key" }], '
            "or hide_starttls = true"
        )
        raise ConfigError([Problem(config.place("tls"), text)])


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
