"""What the values of DNS answers say: exchanges and addresses out of text that anybody may have put
into their zone.

Nothing here raises: what is no host name, no preference or no address is left out. An exchange that
is an address literal names no host (RFC 5321 5.1 knows none) and is left out too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mxward import domains
from mxward.networks import Address, address

__all__ = ["MOST_EXCHANGES", "NULL_MX", "addresses", "exchanges", "host"]

MOST_EXCHANGES = 50
"""Exchanges of one domain that are looked at, the best first."""

NULL_MX = ("0 .",)
"""A domain that takes no mail says so (RFC 7505), in this one record."""

_MX = re.compile(r"([0-9]{1,5}) (\S{1,255})", re.ASCII)


@lru_cache(maxsize=1024)
def exchanges(values: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """The hosts that MX values name, each once with its best preference, best first."""
    best: dict[str, int] = {}
    for value in values:
        matched = _MX.fullmatch(value)
        name = host(matched[2]) if matched else ""
        if matched and name:
            best[name] = min(int(matched[1]), best.get(name, 65_535))
    ordered = sorted((preference, name) for name, preference in best.items())
    return tuple(ordered[:MOST_EXCHANGES])


@lru_cache(maxsize=1024)
def addresses(values: tuple[str, ...]) -> tuple[Address, ...]:
    """The addresses that A or AAAA values are."""
    return tuple(_addresses(values))


def host(name: str) -> str:
    """A host's name in its normal spelling, or "" where it cannot be one."""
    try:
        return domains.normal(name)
    except ValueError:
        return ""


def _addresses(values: Iterable[str]) -> Iterator[Address]:
    for value in values:
        try:
            yield address(value)
        except ValueError:
            continue
