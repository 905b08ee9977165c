"""What an audit is given: the domains, what is the operator's own, what was known before."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

import click

from mxward.audit import baseline
from mxward.audit.findings import Server
from mxward.audit.guesses import GUESSES
from mxward.audit.listing import Listing, listing
from mxward.audit.premises import Premises
from mxward.config import Config, endpoints
from mxward.config.catalogue import catalogue
from mxward.inventory import Inventory
from mxward.inventory.files import Failed, read_file
from mxward.networks import Address, Network, Networks

__all__ = ["MOST_NAMED", "domains", "earlier", "premises", "server_of"]

MOST_NAMED = 16
"""Mail servers that the configuration names: of more, only those are tried that a name leads to."""


def domains(config: Config, names: Sequence[str], file: str | None) -> Listing:
    """The domains to be audited. Raises ConfigError; click's UsageError where there are none."""
    if names or file:
        listed = listing(_given(names, file))
        if not listed.domains:
            why = "; ".join(f"{place}: {text!r} {why}" for place, text, why in listed.refused[:3])
            raise click.UsageError(f"there is no domain to audit: {why or f'{file} lists none'}")
        return listed
    reading = Inventory(config.inventory, config.place("inventory")).read()
    listed = listing((domain, "inventory") for domain in reading.domains)
    listed.refused += [(place, "", text) for place, text in _unusable(reading.samples)]
    listed.left_out += max(reading.unusable - len(reading.samples), 0)
    if not listed.domains:
        raise click.UsageError(
            "there is no domain to audit: name some, give --domains FILE, or list them in "
            f"[inventory] ({config.place('inventory')})"
        )
    return listed


def _given(names: Sequence[str], file: str | None) -> Iterator[tuple[str, str]]:
    yield from ((name, "DOMAIN") for name in names)
    if file:
        for number, line in enumerate(_read(file).split("\n"), 1):
            yield line, f"{'-' if file == '-' else file}:{number}"


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.buffer.read().decode("utf-8-sig", errors="replace")
    try:
        return read_file(file)
    except Failed as failure:
        raise click.UsageError(f"--domains {failure}") from None


def _unusable(samples: Sequence[str]) -> Iterator[tuple[str, str]]:
    for sample in samples:
        place, _, text = sample.partition(": ")
        yield place, text


def premises(config: Config, yes: Sequence[Network], server: Server | None) -> Premises:
    """What all domains are looked at with. Nothing is looked up."""
    own = config.own or _listeners(config)
    servers = [*(ip_network(address) for address in own), *config.intercept.servers]
    named = tuple(sorted(own, key=lambda a: (a.version, int(a))))
    if server is not None and server.address is not None:
        named = (server.address,)
    rules = {name: table.scanner(name) for name, table in config.scanners.items()}
    return Premises(
        scanners=rules,
        services=catalogue(config),
        named=named if len(named) <= MOST_NAMED else (),
        servers=Networks(servers),
        networks=Networks((*servers, *config.audit.networks, *yes)),
        guesses=tuple(dict.fromkeys((*GUESSES, *config.audit.guesses))),
        label=f"mxward-audit-{secrets.token_hex(8)}",
    )


def _listeners(config: Config) -> frozenset[Address]:
    """Where clients connect to: the mail server's addresses, where none are told."""
    here = [end.address for end in config.listen if end.address is not None]
    return frozenset(a for a in here if not (a.is_loopback or a.is_unspecified))


def server_of(text: str) -> Server:
    """Read `192.0.2.25:25`. Raises ValueError."""
    end = endpoints.listener(text)
    if end.address is None or end.address.is_unspecified or not end.port:
        raise ValueError(f'"{end}" is no server; write "192.0.2.25:25"')
    return Server(str(end.address), end.port, end.address)


def earlier(path: Path) -> baseline.Baseline:
    """An earlier report, as --format json writes it. Raises click's UsageError."""
    try:
        return baseline.read(json.loads(path.read_bytes()))
    except OSError as error:
        raise click.UsageError(f"--baseline {path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        why = "no JSON" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError) else error
        raise click.UsageError(f"--baseline {path}: {why}") from None
