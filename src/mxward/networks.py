"""Addresses and sets of networks, compared quickly.

`Networks` answers "is this address in any of these?" in a handful of dictionary look-ups, however
many networks it holds: one probe for each prefix length that occurs. IPv4-mapped IPv6 addresses
(RFC 4291 2.5.5.2), as a dual-stack listener shows them, are IPv4 addresses everywhere in mxward.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

__all__ = ["Address", "Network", "Networks", "address", "collapsed", "network", "too_wide"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

WIDEST = {4: 16, 6: 32}
"""The shortest prefix that is taken without the operator's word: /16, and /32 for IPv6."""


def address(text: str) -> Address:
    """Read an address; an IPv4-mapped one becomes IPv4. Raises ValueError.

    The zone of an IPv6 address (RFC 4007 11) is left out: it is this machine's business, and may be
    any text.
    """
    found = ip_address(text.partition("%")[0] if ":" in text else text)
    return getattr(found, "ipv4_mapped", None) or found


def network(text: str) -> Network:
    """Read a network or a single address; host bits must be zero. Raises ValueError.

    An IPv4-mapped one becomes IPv4. There are no zones (`fe80::%eth0/64`).
    """
    if "%" in text:
        raise ValueError(f"{text!r} has a zone")
    found = ip_network(text)
    if isinstance(found, IPv6Network) and found.prefixlen >= 96:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, found.prefixlen - 96))
    return found


def collapsed(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The same addresses in as few networks as there can be: in order, IPv4 first."""
    every = tuple(networks)
    v4 = collapse_addresses(net for net in every if isinstance(net, IPv4Network))
    v6 = collapse_addresses(net for net in every if isinstance(net, IPv6Network))
    return (*v4, *v6)


def too_wide(net: Network) -> bool:
    """Whether a network is wider than may be believed without asking (/16, IPv6 /32)."""
    return net.prefixlen < WIDEST[net.version]


class Networks:
    """An immutable set of networks that knows which addresses are inside."""

    __slots__ = ("_members", "_probes")

    def __init__(self, members: Iterable[Network] = ()) -> None:
        self._members = frozenset(members)
        prefixes: dict[tuple[int, int], set[int]] = {}
        for net in self._members:
            shift = net.max_prefixlen - net.prefixlen
            prefixes.setdefault((net.version, shift), set()).add(int(net.network_address) >> shift)
        self._probes = {
            version: tuple((s, frozenset(p)) for (v, s), p in prefixes.items() if v == version)
            for version in (4, 6)
        }

    @classmethod
    def of(cls, *texts: str) -> Networks:
        """Make a set from text: `Networks.of("192.0.2.0/24", "2001:db8::1")`."""
        return cls(network(text) for text in texts)

    def __contains__(self, member: Address) -> bool:
        probes = self._probes[member.version]
        if not probes:
            return False
        number = int(member)
        for shift, known in probes:  # noqa: SIM110 - any() takes twice as long
            if number >> shift in known:
                return True
        return False

    def __iter__(self) -> Iterator[Network]:
        return iter(sorted(self._members, key=lambda n: (n.version, n)))

    def __len__(self) -> int:
        return len(self._members)

    def __or__(self, other: Networks) -> Networks:
        return Networks(self._members | other._members)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Networks) and self._members == other._members

    def __hash__(self) -> int:
        return hash(self._members)

    def __repr__(self) -> str:
        return f"Networks.of({', '.join(repr(str(net)) for net in self)})"
