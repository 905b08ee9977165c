"""Who the client is, as a load balancer tells it: reads a PROXY v1 or v2 header (HAProxy's
proxy-protocol.txt).

For TCP over IPv4 and IPv6. UNKNOWN, UNSPEC and LOCAL say that the connection is the balancer's own.
Everything else is refused at the first octet that cannot stand there, or, for what addresses, ports
and TLVs amount to, when the header is whole; so is what could be read in two ways (a leading zero,
a second space, a zone). TLVs are passed over, but their lengths must add up. A CRC32C among them is
not verified: TCP has a checksum of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from mxward.networks import Address, address
from mxward.smtp import ProtocolError

__all__ = ["MAX_V1", "MAX_V2", "Ends", "Local", "PreambleReader"]

MAX_V1 = 107
"""Octets of a version 1 header, its CRLF included."""
MAX_V2 = 216 + 4096
"""Octets behind the first 16 of a version 2 header: the largest addresses, and TLVs."""

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = len(_SIGNATURE) + 4
_LOCAL, _PROXY = b"\x20", b"\x21"  # version 2, and what it is about
_UNSPEC = b"\x00"
_TCP = {b"\x11": 4, b"\x21": 16}  # over IPv4, IPv6: octets of one address

_PORT = "(0|[1-9][0-9]{0,4})"
_V1 = [  # the parts of a line
    [*"PROXY TCP4 ", *2 * ["([0-9.]{1,15})", " "], _PORT, " ", _PORT, "\r"],
    [*"PROXY TCP6 ", *2 * ["([0-9A-Fa-f:.]{1,45})", " "], _PORT, " ", _PORT, "\r"],
    [*"PROXY UNKNOWN", "(?: (?s:.)*|\r)"],  # whatever follows is to be passed over
]


def _beginnings(parts: list[str]) -> str:
    """A pattern for all that these parts, one after the other, may begin with."""
    pattern = ""
    for part in reversed(parts):
        pattern = f"(?:{part}{pattern})?"
    return pattern


_TCP4, _TCP6, _UNKNOWN = (re.compile("".join(parts).encode()) for parts in _V1)
_BEGUN = re.compile("|".join(_beginnings(parts) for parts in _V1).encode())


@dataclass(slots=True, unsafe_hash=True)
class Ends:
    """The client's connection, as it arrived at the balancer."""

    client: Address
    client_port: int
    server: Address
    server_port: int


@dataclass(frozen=True, slots=True)
class Local:
    """The balancer's own connection: a health check."""


class PreambleReader:
    """Reads one header. `feed` until it says whose; then `rest` holds what came after."""

    def __init__(self) -> None:
        self._buffer = b""
        self.rest = b""

    def feed(self, data: bytes) -> Ends | Local | None:
        """Take what came; None while more is to come.

        Raises ProtocolError; feed no more after that.
        """
        self._buffer += data
        end = self._v2_end() if self._buffer.startswith(_SIGNATURE[:1]) else self._v1_end()
        if end is None:
            return None
        header, self.rest = self._buffer[:end], self._buffer[end:]
        try:
            return _in_octets(header) if header.startswith(_SIGNATURE) else _in_text(header)
        except ValueError:
            raise self._malformed() from None

    def _v1_end(self) -> int | None:
        buffer = self._buffer
        end = buffer.find(b"\r\n", 0, MAX_V1)
        if end >= 0:
            return end + 2
        if len(buffer) >= MAX_V1 or not _BEGUN.fullmatch(buffer):
            raise self._malformed()
        return None

    def _v2_end(self) -> int | None:
        fixed = self._buffer[:_FIXED]
        if not fixed.startswith(_SIGNATURE[: len(fixed)]):
            raise self._malformed()
        command, family = fixed[12:13], fixed[13:14]
        if command not in (b"", _LOCAL, _PROXY):
            raise self._malformed()
        if command == _PROXY and family not in (b"", _UNSPEC, *_TCP):
            raise self._malformed()
        if len(fixed) < _FIXED:
            return None
        length = int.from_bytes(fixed[14:])
        if length > MAX_V2:
            raise self._malformed()
        end = _FIXED + length
        return end if len(self._buffer) >= end else None

    def _malformed(self) -> ProtocolError:
        return ProtocolError(f"no PROXY header: {self._buffer[:MAX_V1]!r}")


def _in_text(header: bytes) -> Ends | Local:
    """Version 1, whole. Raises ValueError."""
    line = header.removesuffix(b"\n")
    if _UNKNOWN.fullmatch(line):
        return Local()
    found = _TCP4.fullmatch(line) or _TCP6.fullmatch(line)
    if not found:
        raise ValueError
    client, server, *ports = (text.decode() for text in found.groups())
    if (":" in client) != (found.re is _TCP6) or (":" in server) != (found.re is _TCP6):
        raise ValueError
    return _ends(client, server, *map(int, ports))


def _in_octets(header: bytes) -> Ends | Local:
    """Version 2, whole. Raises ValueError."""
    command, family, body = header[12:13], header[13:14], header[_FIXED:]
    if command == _LOCAL or family == _UNSPEC:
        return Local()  # whatever the body is to be passed over
    size = _TCP[family]
    both, ports, tlvs = body[: 2 * size], body[2 * size : 2 * size + 4], body[2 * size + 4 :]
    if len(ports) < 4:
        raise ValueError
    while tlvs:
        length = 3 + int.from_bytes(tlvs[1:3])
        if len(tlvs) < length:
            raise ValueError
        tlvs = tlvs[length:]
    client, server = str(ip_address(both[:size])), str(ip_address(both[size:]))
    return _ends(client, server, int.from_bytes(ports[:2]), int.from_bytes(ports[2:]))


def _ends(client: str, server: str, client_port: int, server_port: int) -> Ends:
    if max(client_port, server_port) > 65535:
        raise ValueError
    return Ends(address(client), client_port, address(server), server_port)
