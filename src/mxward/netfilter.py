"""What rules for nftables are made of: sets of addresses and networks, and the first packet of a
connection. Two tables of ours use it: that of the interception, and that of the lockdown.

A set of single addresses is a hash, and quickly replaced; networks need an interval set, which is
slow to fill, so it gets nothing else. All values that are written here are addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mxward.networks import Address, Network

__all__ = ["SYN", "members", "of_sets", "refilled", "sets"]

SYN = "tcp flags & (fin | syn | rst | ack) == syn"
"""Only the first packet of a connection: what began before goes on."""


def sets(name: str) -> Mapping[str, str]:
    """The four sets that hold one set of addresses and networks, and of what kind each is."""
    return {
        f"{name}4": "type ipv4_addr",
        f"{name}6": "type ipv6_addr",
        f"{name}4n": "type ipv4_addr; flags interval; auto-merge",
        f"{name}6n": "type ipv6_addr; flags interval; auto-merge",
    }


def of_sets(name: str) -> Iterator[str]:
    """What a rule asks of a client: whether it is in one of them."""
    for each in sets(name):
        yield f"{'ip' if '4' in each.removeprefix(name) else 'ip6'} saddr @{each}"


def members(name: str, networks: Iterable[Address | Network]) -> Mapping[str, list[str]]:
    """What goes into which of the four sets."""
    found: dict[str, list[str]] = {each: [] for each in sets(name)}
    for each in networks:
        single = getattr(each, "prefixlen", each.max_prefixlen) == each.max_prefixlen
        place = f"{name}{each.version}{'' if single else 'n'}"
        found[place].append(str(each).removesuffix(f"/{each.max_prefixlen}"))
    return found


def refilled(
    table: str, name: str, networks: Iterable[Address | Network], *, between: str = " "
) -> Iterator[str]:
    """Other contents for the four sets, and no packet sees them empty: in one transaction.

    Elements are parted by a comma and `between`.
    """
    found = members(name, networks)
    yield from (f"flush set {table} {each}" for each in found)
    for each, elements in found.items():
        if elements:
            yield f"add element {table} {each} {{{between}{f',{between}'.join(elements)} }}"
