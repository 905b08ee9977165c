"""What `mxward lockdown dns` is given, read; whatever is wrong is click's UsageError."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from mxward import domains, networks
from mxward.config import endpoints
from mxward.lockdown.dns.steps import Way
from mxward.networks import Address

__all__ = ["Asked", "addresses", "kept", "name", "primary"]

_PORT = 53


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asks."""

    path: Path  # the configuration
    domains: tuple[str, ...]
    file: str | None
    point_to: tuple[Address, ...]
    move_to: tuple[Address, ...]
    zone: str
    keep_spf: bool
    keep: frozenset[str]
    even_so: bool
    look: bool
    primary: tuple[str, int] | None
    name_servers: frozenset[str]
    zone_files: tuple[Path, ...]
    ttl: int
    out: Path
    compares: bool  # --check or --diff: nothing is written
    shows: bool  # --diff
    json: bool

    @property
    def way(self) -> Way:
        """What is to be done."""
        if self.move_to:
            return Way.MOVE
        return Way.POINT if self.point_to else Way.DROP


def addresses(option: str, texts: Iterable[str]) -> tuple[Address, ...]:
    """Addresses that a name may lead to, each once."""
    found: dict[Address, None] = {}
    for text in texts:
        try:
            address = networks.address(text)
        except ValueError:
            raise click.UsageError(f'{option}: "{text}" is no address') from None
        if address.is_unspecified or address.is_multicast or address.is_link_local:
            raise click.UsageError(f'{option}: nothing can be reached at "{text}"')
        found[address] = None
    return tuple(sorted(found, key=lambda a: (a.version, int(a))))


def name(option: str, text: str) -> str:
    """A name in its normal spelling; "" stays."""
    try:
        return domains.normal(text) if text else ""
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def kept(texts: Iterable[str]) -> frozenset[str]:
    """Names, or `mail.*`."""
    return frozenset(
        f"{name('--keep', text[:-2])}.*" if text.endswith(".*") else _kept(text) for text in texts
    )


def _kept(text: str) -> str:
    rest = text.removeprefix("*.")
    return text[: len(text) - len(rest)] + name("--keep", rest)


def primary(text: str | None) -> tuple[str, int] | None:
    """The address and port of a name server."""
    if text is None:
        return None
    try:
        address = networks.address(text)
        return str(address), _PORT
    except ValueError:
        pass
    try:
        end = endpoints.name_server(text)
    except ValueError as error:
        raise click.UsageError(f"--primary: {error}") from None
    return str(end.address), end.port
