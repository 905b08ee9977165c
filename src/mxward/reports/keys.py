"""The keys that arrivals are folded by, and for each an arrival that stands for all of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import pyarrow as pa

from mxward.model import Arrival, ConfirmedNames, Known
from mxward.networks import Address

__all__ = ["COLUMNS", "Key", "arrivals", "keys_of"]

_MAPPED = 0xFFFF  # the first 96 bits of an IPv4 address in IPv6 (RFC 4291 2.5.5.2)


class Key(NamedTuple):
    """What a decision depends on, as `keyed.sql` has it."""

    client: str
    server: str
    recipient: str
    authenticated: str
    sender: str
    name: str
    epoch: int


COLUMNS = tuple(f"key_{name}" for name in Key._fields)


def keys_of(folded: pa.Table) -> list[Key]:
    """Each row's key."""
    return list(map(Key._make, zip(*(folded[name].to_pylist() for name in COLUMNS), strict=True)))


def arrivals(keys: Iterable[Key], server: Address) -> Iterator[Arrival]:
    """An arrival for each key; where the log does not tell, clients connected to `server`."""
    addresses: dict[str, Address] = {"": server}
    for key in keys:
        yield Arrival(
            client=_address(key.client, addresses),
            server=_address(key.server, addresses),
            helo="",
            sender=f"@{key.sender}" if key.sender else "",
            recipient=_mailbox(key.recipient),
            authenticated=key.authenticated or None,
            names=_names(key.name),
        )


def _address(key: str, known: dict[str, Address]) -> Address:
    """Out of 32 hexadecimal digits, which is quicker than out of text."""
    found = known.get(key)
    if found is None:
        number = int(key, 16)
        mapped = number >> 32 == _MAPPED
        found = IPv4Address(number & 0xFFFFFFFF) if mapped else IPv6Address(number)
        known[key] = found
    return found


def _mailbox(key: str) -> str:
    """A domain stands for any mailbox there; what hides its domain is a mailbox itself."""
    return key if not key or "@" in key or "." not in key else f"x@{key}"


def _names(key: str) -> ConfirmedNames:
    if key == "?":
        return ConfirmedNames()
    return ConfirmedNames(Known.FOUND, (key,)) if key else ConfirmedNames(Known.ABSENT)
