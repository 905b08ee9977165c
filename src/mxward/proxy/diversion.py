"""Connections that the kernel hands over on their way to a mail server: where they were going.

With TPROXY that is the address of the socket's own end; with redirect the connection tracking
knows it. IPv4 and IPv6.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass

from mxward import networks
from mxward.networks import Address, Networks
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint

__all__ = ["Diversion"]

_ORIGINAL = {
    socket.AF_INET: (socket.SOL_IP, 80, 16, 4),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 80, 28, 8),
}
"""SO_ORIGINAL_DST and IP6T_SO_ORIGINAL_DST: level, name, size of the answer, where its address
begins (linux/netfilter_ipv4.h, linux/netfilter_ipv6/ip6_tables.h)."""


@dataclass(frozen=True, slots=True)
class Diversion:
    """Which connections are diverted: those to `ports` of `servers`.

    `tls` and `name` are what is asked of TLS towards these, `mark` what our own packets to them
    bear, where they are on this machine.
    """

    servers: Networks
    ports: Collection[int]
    tls_ports: Collection[int] = ()
    redirects: bool = False
    tls: Tls = Tls.OPPORTUNISTIC
    name: str = ""
    mark: int | None = None

    def mail_server_of(self, connection: socket.socket) -> Endpoint | None:
        """Where a client's connection was going; None where nobody has diverted it."""
        address, port = self._destination(connection)
        if address not in self.servers or port not in self.ports:
            return None
        implicit = port in self.tls_ports
        tls = Tls.OPPORTUNISTIC if implicit and self.tls is Tls.NONE else self.tls
        return Endpoint(address, port, self.name, tls=tls, implicit=implicit)

    def names(self, address: Address) -> bool:
        """Whether this one is meant, rather than a network that it is in."""
        return any(
            net.network_address == address and net.prefixlen == net.max_prefixlen
            for net in self.servers
        )

    def _destination(self, connection: socket.socket) -> tuple[Address, int]:
        host, port = connection.getsockname()[:2]
        if self.redirects:
            level, name, size, begin = _ORIGINAL[connection.family]
            try:
                answer = connection.getsockopt(level, name, size)
            except OSError:  # it was connected here
                return networks.address(host), port
            (port,) = struct.unpack_from("!H", answer, 2)
            length = 4 if connection.family == socket.AF_INET else 16
            host = socket.inet_ntop(connection.family, answer[begin : begin + length])
        return networks.address(host), port
