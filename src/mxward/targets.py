"""Where rerouted mail may go: the hosts of a declared scanner, and nowhere else.

Anything else would make mxward an open relay, or a way into the operator's network: an address that
is private, loopback, the mail server's own, or an IPv4 address in disguise (6to4, NAT64) is only
connected to where the scanner's table declares it.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network

from mxward.model import Exchange, FrontDoor, Rules, Scanner
from mxward.networks import Address

__all__ = ["targets"]

_UNICAST = IPv6Network("2000::/3")  # all that is routed; NAT64 (RFC 6052) is not
_6TO4 = IPv6Network("2002::/16")  # RFC 3056: an IPv4 address in disguise


def targets(door: FrontDoor, own: frozenset[Address], rules: Rules) -> Iterator[Exchange]:
    """The scanner's hosts in the order of RFC 5321 5.1, each with the addresses we may connect to.

    Only a declared scanner's: anything else would make mxward an open relay, or a way into the
    operator's network.
    """
    for exchange in sorted(door.exchanges, key=lambda x: x.preference):
        scanner = rules.scanners.get(exchange.scanner or "")
        if scanner is None:
            continue
        addresses = _addresses_of(exchange, scanner)
        usable = tuple(a for a in addresses if _may_connect(a, scanner, own))
        if usable:
            yield Exchange(exchange.preference, exchange.name, usable, exchange.scanner)


def _addresses_of(exchange: Exchange, scanner: Scanner) -> tuple[Address, ...]:
    """Those that are the scanner's: a customer's own MX name may lead elsewhere as well."""
    declared = tuple(a for a in exchange.addresses if a in scanner.addresses)
    return declared if declared and not scanner.has_mx(exchange.name) else exchange.addresses


def _may_connect(address: Address, scanner: Scanner, own: frozenset[Address]) -> bool:
    if address in scanner.addresses or address in scanner.egress:
        return True
    if address.version == 6 and (address not in _UNICAST or address in _6TO4):
        return False
    return address.is_global and not address.is_multicast and address not in own
