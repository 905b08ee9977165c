"""The keys that arrivals are folded by, and for each an arrival that stands for all of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pyarrow as pa

from mxward import policy
from mxward.model import Arrival, ConfirmedNames, Known, Rules
from mxward.networks import Address, address

__all__ = ["COLUMNS", "Key", "arrivals", "door_needed", "keys_of"]

_ANYBODY = address("0.0.0.0")
_NOT_ASKED = ConfirmedNames()


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


def door_needed(recipient: str, rules: Rules) -> str | None:
    """The domain whose front door must be known, for mail to the recipients of a key."""
    anybody = Arrival(_ANYBODY, _ANYBODY, "", "", _mailbox(recipient))
    return policy.needs(anybody, rules).front_door


def _address(text: str, known: dict[str, Address]) -> Address:
    found = known.get(text)
    if found is None:
        found = known[text] = address(text)
    return found


def _mailbox(key: str) -> str:
    """A domain stands for any mailbox there; what hides its domain is a mailbox itself."""
    return key if not key or "@" in key or "." not in key else f"x@{key}"


def _names(key: str) -> ConfirmedNames:
    return ConfirmedNames(Known.FOUND, (key,)) if key else _NOT_ASKED
