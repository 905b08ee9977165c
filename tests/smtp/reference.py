"""The codecs once more, octet by octet and slow: what the quick ones are held against.

Shares no code and no idea with them. Nothing here is fed in pieces.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

from mxward.smtp.preamble import Ends, Local

__all__ = [
    "behind_data",
    "filed",
    "in_crlf",
    "lines",
    "meant",
    "preamble",
    "unstuffed",
    "xclient",
]

CR, LF = b"\r\n"


def in_crlf(raw: bytes) -> bytes:
    """With CRLF for a stray LF and a space for a stray CR."""
    out = bytearray()
    for at, octet in enumerate(raw):
        if octet == CR:
            paired = raw[at + 1 : at + 2] == b"\n"
            out += b"\r" if paired else b" "
        elif octet == LF:
            paired = at > 0 and raw[at - 1] == CR
            out += b"\n" if paired else b"\r\n"
        else:
            out.append(octet)
    return bytes(out)


def lines(text: bytes) -> list[bytes]:
    """Lines with their ends; the last one may have none."""
    found = [bytearray()]
    for octet in text:
        found[-1].append(octet)
        if octet == LF:
            found.append(bytearray())
    return [bytes(line) for line in found if line]


def behind_data(stream: bytes) -> tuple[bytes, bytes] | None:
    """The message as it came, and what stands behind its end; None where it does not end."""
    for at in range(len(stream)):
        line_starts = at == 0 or (at >= 2 and stream[at - 2] == CR and stream[at - 1] == LF)
        if line_starts and tuple(stream[at : at + 3]) == (ord("."), CR, LF):
            return stream[:at], stream[at + 3 :]
    return None


def unstuffed(text: bytes) -> bytes:
    """As a server files it (RFC 5321 4.5.2)."""
    return b"".join(line[1:] if line[:1] == b"." else line for line in lines(text))


def filed(message: bytes, chunked: bool) -> bytes:
    """A message in a mailbox, whichever way it has come, with CRLF at its end."""
    text = message if chunked else unstuffed(message)
    return text if text.endswith(b"\r\n") or not text else text + b"\r\n"


def meant(message: bytes, chunked: bool) -> bytes:
    """What is to be filed of what a client has sent: a line that became a dot stays one."""
    clean = in_crlf(message)
    if not chunked:
        clean = b"".join(b"..\r\n" if line == b".\r\n" else line for line in lines(clean))
    return filed(clean, chunked)


def preamble(data: bytes) -> tuple[Ends | Local, bytes] | None:
    """The header and what follows; None where it is not whole. Raises ValueError."""
    if data[:1] == b"\r":
        return _binary(data)
    line, crlf, rest = data.partition(b"\r\n")
    if len(line) > 105:
        raise ValueError
    return (_text(line.decode("latin-1")), rest) if crlf else None


def _text(line: str) -> Ends | Local:
    if line == "PROXY UNKNOWN" or line.startswith("PROXY UNKNOWN "):
        return Local()
    proxy, family, client, server, *ports = line.split(" ")
    if proxy != "PROXY" or len(ports) != 2 or any(str(int(p)) != p for p in ports):
        raise ValueError
    if not line.isascii() or "%" in line:
        raise ValueError
    if family == "TCP4":
        return _ends(IPv4Address(client), int(ports[0]), IPv4Address(server), int(ports[1]))
    if family == "TCP6":
        return _ends(IPv6Address(client), int(ports[0]), IPv6Address(server), int(ports[1]))
    raise ValueError


def _binary(data: bytes) -> tuple[Ends | Local, bytes] | None:
    if len(data) < 16:
        return None
    signature, command, family, length = struct.unpack("!12sBBH", data[:16])
    if signature != b"\r\n\r\n\0\r\nQUIT\n" or command not in (32, 33) or length > 4312:
        raise ValueError
    if command == 33 and family not in (0, 0x11, 0x21):
        raise ValueError
    body, rest = data[16 : 16 + length], data[16 + length :]
    if len(body) < length:
        return None
    if command == 32 or family == 0:
        return Local(), rest
    layout = "!4s4sHH" if family == 0x11 else "!16s16sHH"
    size = struct.calcsize(layout)
    if length < size:
        raise ValueError
    client, server, client_port, server_port = struct.unpack(layout, body[:size])
    _skip(list(body[size:]))
    return _ends(ip_address(client), client_port, ip_address(server), server_port), rest


def _skip(tlvs: list[int]) -> None:
    while tlvs:
        _, high, low, *tlvs = tlvs
        if len(tlvs) < high * 256 + low:
            raise ValueError
        tlvs = tlvs[high * 256 + low :]


def _ends(
    client: IPv4Address | IPv6Address, one: int, server: IPv4Address | IPv6Address, two: int
) -> Ends:
    if not (0 <= one < 65536 and 0 <= two < 65536):
        raise ValueError
    a, b = (x.ipv4_mapped or x if isinstance(x, IPv6Address) else x for x in (client, server))
    return Ends(a, one, b, two)


def xclient(line: bytes) -> dict[str, str]:
    """The attributes, as a server reads them."""
    assert line.endswith(b"\r\n")
    verb, *pairs = line[:-2].decode("ascii").split(" ")
    assert verb == "XCLIENT"
    found: dict[str, str] = {}
    for pair in pairs:
        name, value = pair.split("=")
        assert name not in found
        found[name] = _from_xtext(value)
    return found


def _from_xtext(value: str) -> str:
    first, *others = value.split("+")
    octets = first.encode("ascii")
    for other in others:
        octets += bytes([int(other[:2], 16)]) + other[2:].encode("ascii")
    return octets.decode()
