"""All that is read for serving, and may be wrong: the configuration, and what it names."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mxward.cli import wiring
from mxward.cli.resolving import mail_server, resolver
from mxward.config import Config, load
from mxward.inventory import Inventory, Reading
from mxward.lookup.resolver import DnsResolver
from mxward.proxy.certificates import Certificates
from mxward.smtp.vocabulary import Endpoint

__all__ = ["Loaded", "inventory_of", "read", "reread", "workers"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be put in force."""

    config: Config
    upstream: Endpoint | None  # where clients' mail goes that connect to us
    dns: DnsResolver
    inventory: Inventory
    reading: Reading
    certificates: Certificates | None


def read(config: Config, former: Loaded | None = None) -> Loaded:
    """Read all that it names. Raises ConfigError."""
    upstream = mail_server(config) if config.listen else None
    dns = resolver(config)
    inventory = inventory_of(config, (former.config, former.inventory) if former else None)
    reading = inventory.read()
    return Loaded(config, upstream, dns, inventory, reading, wiring.certificates(config))


def inventory_of(config: Config, former: tuple[Config, Inventory] | None) -> Inventory:
    """One of the same files as the `former` configuration's goes on from there: what has shrunk is
    still not believed.
    """
    if former is not None and former[0].inventory == config.inventory:
        return former[1]
    return Inventory(config.inventory, config.place("inventory"))


def reread(path: Path, former: Loaded) -> Loaded:
    """The same for who serves: which clients have no use for being asked for a certificate is known
    further on.
    """
    loaded = read(load(path), former)
    if former.certificates and loaded.config.tls == former.config.tls:
        return replace(loaded, certificates=former.certificates)
    return loaded


def workers(config: Config) -> int:
    """How many processes serve: as many as there are cores, unless it is said."""
    return config.server.workers or len(os.sched_getaffinity(0))
