"""Where the DNS servers are: as given, or as this host has them."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import dns.resolver

__all__ = ["Address", "addresses"]

Address = tuple[int, tuple[object, ...]]
"""Family and address of a server, as sockets take them."""


def addresses(servers: Sequence[tuple[str, int]] | None) -> list[Address]:
    """Of (address, port) pairs; None reads /etc/resolv.conf.

    Raises ValueError where there is none, or one that is no address.
    """
    found = _of_this_host() if servers is None else servers
    if not found:
        raise ValueError("no DNS servers are given")
    return [_address(host, port) for host, port in found]


def _address(host: str, port: int) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except OSError as why:
        raise ValueError(f"{host!r} is no address of a DNS server") from why
    return found[0][0], found[0][4]


def _of_this_host() -> list[tuple[str, int]]:
    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as why:
        raise ValueError(f"no DNS servers: {why}") from why
    return [(str(server), system.port) for server in system.nameservers]
