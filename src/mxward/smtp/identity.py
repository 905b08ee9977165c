"""Who the client is, told to an upstream: PROXY v1 and v2 headers (HAProxy's proxy-protocol.txt).

Only the side that sends is here, for TCP over IPv4 and IPv6, without TLVs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from mxward.networks import Address
from mxward.smtp.content import Content

__all__ = ["Identity", "Peer", "header"]

_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_PROXY = b"\x21"  # version 2, command PROXY
_V2_FAMILY = {4: b"\x11", 6: b"\x21"}  # TCP over IPv4, over IPv6


class Identity(StrEnum):
    """How the mail server learns the client's address."""

    NONE = "none"
    PROXY_V1 = "proxy-v1"
    PROXY_V2 = "proxy-v2"
    XCLIENT = "xclient"
    TRANSPARENT = "transparent"
    """The connection comes from the client's own address."""


@dataclass(slots=True, unsafe_hash=True)
class Peer:
    """The two ends of a client's connection, and the id under which the log knows it.

    `content` is what the operator asks of this client's messages.
    """

    client: Address
    client_port: int
    server: Address
    server_port: int
    id: str
    content: Content = field(default_factory=Content)


def header(identity: Identity, peer: Peer) -> bytes:
    """What is sent to the upstream before anything else; empty where it is not told by a header."""
    if identity not in (Identity.PROXY_V1, Identity.PROXY_V2):
        return b""
    client, server = _same_family(peer.client, peer.server)
    if identity is Identity.PROXY_V1:
        family = "TCP4" if client.version == 4 else "TCP6"
        ends = f"{client} {server} {peer.client_port} {peer.server_port}"
        return f"PROXY {family} {ends}\r\n".encode()
    addresses = client.packed + server.packed
    ports = peer.client_port.to_bytes(2) + peer.server_port.to_bytes(2)
    body = addresses + ports
    return _V2_SIGNATURE + _V2_PROXY + _V2_FAMILY[client.version] + len(body).to_bytes(2) + body


def _same_family(client: Address, server: Address) -> tuple[Address, Address]:
    """Both ends in one family, as the header needs them."""
    if client.version == server.version:
        return client, server
    return _as_ipv6(client), _as_ipv6(server)


def _as_ipv6(address: Address) -> IPv6Address:
    if isinstance(address, IPv4Address):
        return IPv6Address(f"::ffff:{address}")
    return address
