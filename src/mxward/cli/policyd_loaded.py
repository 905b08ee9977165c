"""All that `mxward policyd` reads, and where it listens: what may be wrong is found before."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mxward.cli.listeners import why_not
from mxward.cli.loaded import inventory_of
from mxward.cli.resolving import resolver
from mxward.config import Config, ConfigError, Problem
from mxward.inventory import Inventory, Reading
from mxward.lookup.resolver import DnsResolver
from mxward.model import Rules
from mxward.policyd.service import unix_socket
from mxward.supervisor.listening import BACKLOG, bind

__all__ = ["Loaded", "listeners", "read", "rules_of"]

_OF_SOCKET = {
    errno.EADDRINUSE: "something stands there already; remove it, or write another path",
    errno.ENOENT: "its folder is missing; make it",
    errno.EACCES: "this user may not write there; let it",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be put in force."""

    config: Config
    dns: DnsResolver
    inventory: Inventory
    reading: Reading


def read(config: Config, former: Loaded | None = None) -> Loaded:
    """Read all that it names. Raises ConfigError."""
    if not config.inventory:
        text = 'inventory: missing, so there is no domain to answer for; write files = ["..."]'
        raise ConfigError([Problem(config.place("inventory"), text)])
    inventory = inventory_of(config, (former.config, former.inventory) if former else None)
    return Loaded(config, resolver(config), inventory, inventory.read())


def rules_of(loaded: Loaded) -> Rules:
    """Whoever asks knows its client: so what is not ours is its own business."""
    return replace(loaded.config.rules(loaded.reading.domains), client_told=True)


def listeners(config: Config) -> list[socket.socket]:
    """All of them, or none. Raises ConfigError."""
    wanted, opened = config.policyd, []
    try:
        for number, end in enumerate(wanted.listen):
            place = ("policyd", "listen", number)
            opened.append(bind(end.host, end.port))
            opened[-1].listen(BACKLOG)
        if wanted.socket:
            place = ("policyd", "socket", 0)
            opened.append(unix_socket(Path(wanted.socket)))
    except OSError as error:
        for listener in opened:
            listener.close()
        raise _wrong(config, place[:2], error) from None
    if not opened:
        text = 'policyd.listen: empty, and there is no policyd.socket; write "127.0.0.1:10040"'
        raise ConfigError([Problem(config.place("policyd", "listen"), text)])
    return opened


def _wrong(config: Config, key: tuple[str, ...], error: OSError) -> ConfigError:
    reasons: Mapping[int, str] = _OF_SOCKET if key[1] == "socket" else {}
    why = reasons.get(error.errno or 0) or why_not(error)
    return ConfigError([Problem(config.place(*key), f"{'.'.join(key)}: {why}")])
