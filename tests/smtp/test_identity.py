"""PROXY headers, byte for byte as HAProxy's proxy-protocol.txt lays them out."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from mxward.smtp.identity import Identity, Peer, header


def peer(client: str, server: str, port: int = 56324) -> Peer:
    return Peer(ip_address(client), port, ip_address(server), 25, "s1")


BOTH_4 = peer("192.0.2.1", "198.51.100.2")
BOTH_6 = peer("2001:db8::1", "2001:db8::2", 65535)
MIXED = peer("192.0.2.1", "2001:db8::2", 1)


def test_none_says_nothing() -> None:
    assert header(Identity.NONE, BOTH_4) == b""


@pytest.mark.parametrize(
    ("ends", "line"),
    [
        (BOTH_4, b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n"),
        (BOTH_6, b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 25\r\n"),
    ],
)
def test_version_1(ends: Peer, line: bytes) -> None:
    assert header(Identity.PROXY_V1, ends) == line


def test_version_1_of_the_longest_addresses_fits_in_its_107_bytes() -> None:
    long = "ffff:" * 7 + "ffff"
    ends = Peer(ip_address(long), 65535, ip_address(long), 65535, "s1")
    line = header(Identity.PROXY_V1, ends)
    assert len(line) <= 107
    assert line.endswith(b" 65535 65535\r\n")


def test_version_1_of_two_families_is_in_ipv6() -> None:
    word, family, client, server, *ports = header(Identity.PROXY_V1, MIXED).decode().split()
    assert (word, family, ports) == ("PROXY", "TCP6", ["1", "25"])
    assert IPv6Address(client).ipv4_mapped == IPv4Address("192.0.2.1")
    assert IPv6Address(server) == MIXED.server


def test_version_2_over_ipv4() -> None:
    assert header(Identity.PROXY_V2, BOTH_4) == bytes.fromhex(
        "0d0a0d0a000d0a515549540a"  # the signature
        "21"  # version 2, PROXY
        "11"  # AF_INET, STREAM
        "000c"  # 12 bytes follow
        "c0000201 c6336402"  # 192.0.2.1, 198.51.100.2
        "dc04 0019"  # 56324, 25
    )


def test_version_2_over_ipv6() -> None:
    assert header(Identity.PROXY_V2, BOTH_6) == bytes.fromhex(
        "0d0a0d0a000d0a515549540a"
        "21"
        "21"  # AF_INET6, STREAM
        "0024"  # 36 bytes follow
        "20010db8000000000000000000000001 20010db8000000000000000000000002"
        "ffff 0019"
    )


@pytest.mark.parametrize("ends", [BOTH_4, BOTH_6, MIXED, peer("::1", "127.0.0.1", 0)])
def test_version_2_read_by_the_specifications_structure(ends: Peer) -> None:
    sent = header(Identity.PROXY_V2, ends)
    signature, version, family, length = struct.unpack("!12sBBH", sent[:16])
    assert (signature, version, length) == (b"\r\n\r\n\0\r\nQUIT\n", 0x21, len(sent) - 16)
    layout = {0x11: "!4s4sHH", 0x21: "!16s16sHH"}[family]
    client, server, client_port, server_port = struct.unpack(layout, sent[16:])
    assert mapped(client) == ends.client
    assert mapped(server) == ends.server
    assert (client_port, server_port) == (ends.client_port, ends.server_port)


def mapped(packed: bytes) -> IPv4Address | IPv6Address:
    found = ip_address(packed)
    return getattr(found, "ipv4_mapped", None) or found
