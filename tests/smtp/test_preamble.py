"""PROXY headers from a balancer: what is believed, what is refused, and how early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.networks import address
from mxward.smtp import ProtocolError
from mxward.smtp.identity import Identity, Peer, header
from mxward.smtp.preamble import Ends, Local, PreambleReader
from tests.smtp import reference

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
LONGEST_V1, LONGEST_V2 = 107, 4312
LONG = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
BODY_4 = bytes.fromhex("c0000201 c6336402 dc04 0019")
BODY_6 = bytes.fromhex(
    "20010db8000000000000000000000001 20010db8000000000000000000000002 ffff 0019"
)
MAPPED = bytes.fromhex("00000000000000000000ffffc0000201 00000000000000000000ffffc6336402 dc040019")


def v2(head: str, body: bytes = b"", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return SIGNATURE + bytes.fromhex(head) + size.to_bytes(2) + body


def tlv(kind: int, value: bytes) -> bytes:
    return bytes([kind]) + len(value).to_bytes(2) + value


def ends(client: str, client_port: int, server: str, server_port: int) -> Ends:
    return Ends(ip_address(client), client_port, ip_address(server), server_port)


FOUR = ends("192.0.2.1", 56324, "198.51.100.2", 25)
SIX = ends("2001:db8::1", 65535, "2001:db8::2", 25)

TAKEN: list[tuple[bytes, Ends | Local]] = [
    (b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 25\r\n", FOUR),
    (b"PROXY TCP6 2001:db8::1 2001:DB8::2 65535 25\r\n", SIX),
    (
        b"PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n",
        ends("0.0.0.0", 0, "255.255.255.255", 65535),
    ),
    (f"PROXY TCP6 {LONG} {LONG} 65535 65535\r\n".encode(), ends(LONG, 65535, LONG, 65535)),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 56324 25\r\n", FOUR),
    (b"PROXY UNKNOWN\r\n", Local()),
    (b"PROXY UNKNOWN \0\n\xff what it likes\r\r\n", Local()),
    (f"PROXY UNKNOWN {LONG} {LONG} 65535 65535\r\n".encode(), Local()),  # 107 octets
    (v2("21 11", BODY_4), FOUR),
    (v2("21 21", BODY_6), SIX),
    (v2("21 21", MAPPED), FOUR),
    (v2("21 11", BODY_4 + tlv(4, b"") + tlv(3, b"abcd") + tlv(0x20, b"\0" * 300)), FOUR),
    (v2("21 21", BODY_6 + tlv(1, b"x" * (LONGEST_V2 - 39))), SIX),
    (v2("21 00"), Local()),
    (v2("21 00", b"whatever"), Local()),
    (v2("20 00"), Local()),
    (v2("20 11", BODY_4), Local()),
    (v2("20 99", b"\xff" * LONGEST_V2), Local()),
]

# A header that is refused, without the octets behind those that show it.
REFUSED = [
    b"E",
    b"\n",
    b"\0",
    b" ",
    b"p",
    b"PROXX",
    b"PROXY\t",
    b"PROXY\r",
    b"PROXY  ",
    b"PROXY TCP5",
    b"PROXY TCP\r",
    b"PROXY t",
    b"PROXY UD",
    b"PROXY UNKNOWNS",
    b"PROXY UNKNOWN\rx",
    b"PROXY TCP4\r",
    b"PROXY TCP4  ",
    b"PROXY TCP4 :",
    b"PROXY TCP4 x",
    b"PROXY TCP4 192.0.2.1\r",
    b"PROXY TCP4 192.0.2.1 198.51.100.2\r",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 00",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 05",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 -",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 +",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1 123456",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1 25 ",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1 25\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1 25\r\r",
    b"PROXY TCP4 192.0.2.11111111",
    "PROXY TCP4 192.0.2.1 198.51.100.2 \u0661".encode()[:-1],
    b"PROXY TCP6 fe80::1%",
    b"PROXY TCP6 [",
    # What addresses and ports amount to is seen at the end of the line.
    b"PROXY TCP4 192.0.2.256 198.51.100.2 1 25\r\n",
    b"PROXY TCP4 192.0.2 198.51.100.2 1 25\r\n",
    b"PROXY TCP4 192.0.2.01 198.51.100.2 1 25\r\n",
    b"PROXY TCP4 192.0.2.1 . 1 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 65536 25\r\n",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
    b"PROXY TCP6 192.0.2.1 198.51.100.2 1 25\r\n",
    b"PROXY TCP6 ::1 198.51.100.2 1 25\r\n",
    b"PROXY TCP6 1 ::1 1 25\r\n",
    b"PROXY TCP6 ::1::2 ::3 1 25\r\n",
    b"PROXY TCP6 12345::1 ::3 1 25\r\n",
    # Too long.
    b"PROXY UNKNOWN ".ljust(LONGEST_V1, b"x"),
    b"PROXY UNKNOWN ".ljust(LONGEST_V1 - 1, b"x") + b"\r",
    # Version 2: the octet that cannot stand there.
    b"\r\r",
    SIGNATURE[:-1] + b"\r",
    SIGNATURE[:4] + b"Q",
    SIGNATURE + b"\x11",
    SIGNATURE + b"\x22",
    SIGNATURE + b"\x01",
    SIGNATURE + b"\x21\x01",
    SIGNATURE + b"\x21\x12",
    SIGNATURE + b"\x21\x22",
    SIGNATURE + b"\x21\x31",
    SIGNATURE + b"\x21\x10",
    v2("21 11", length=LONGEST_V2 + 1),
    v2("20 00", length=LONGEST_V2 + 1),
    v2("21 11", length=65535),
    # Too short for its addresses, or TLVs that do not add up.
    v2("21 11"),
    v2("21 11", BODY_4[:-1]),
    v2("21 21", BODY_4),
    v2("21 21", BODY_6[:-1]),
    v2("21 11", BODY_4 + b"\4"),
    v2("21 11", BODY_4 + b"\4\0"),
    v2("21 11", BODY_4 + b"\4\0\1"),
    v2("21 11", BODY_4 + tlv(4, b"x") + b"\4\0\2x"),
    v2("21 21", BODY_6 + b"\4\xff\xff" + b"x" * 100),
]


def octets(data: bytes) -> Iterator[bytes]:
    return (data[n : n + 1] for n in range(len(data)))


def read(pieces: Iterable[bytes]) -> tuple[Ends | Local, bytes] | str:
    """What was found, and all that stands behind it."""
    reader, found, rest = PreambleReader(), None, b""
    for piece in pieces:
        if found is not None:
            rest += piece
            continue
        try:
            found = reader.feed(piece)
        except ProtocolError as bad:
            assert len(str(bad)) < 600
            return "refused"
    return (found, reader.rest + rest) if found is not None else "unfinished"


@pytest.mark.parametrize(("data", "found"), TAKEN)
@pytest.mark.parametrize("rest", [b"", b"EHLO client.test\r\n", b"\x16\x03\x01", b"\r\n"])
def test_taken(data: bytes, found: Ends | Local, rest: bytes) -> None:
    assert read([data + rest]) == (found, rest)
    assert read(octets(data + rest)) == (found, rest)
    for size in range(0, len(data), 1 + len(data) // 200):
        assert read([data[:size]]) == "unfinished"
    assert reference.preamble(data + rest) == (found, rest)


@pytest.mark.parametrize("data", REFUSED)
def test_refused(data: bytes) -> None:
    """At that octet, and no sooner."""
    assert read([data]) == "refused"
    assert read([data + b"\r\nPROXY TCP4 192.0.2.1 198.51.100.2 1 25\r\n"]) == "refused"
    assert read(octets(data)) == "refused"
    assert read(octets(data[:-1])) == "unfinished"


def test_a_header_is_read_but_once() -> None:
    first, second = TAKEN[0][0], TAKEN[1][0]
    assert read([first + second]) == (FOUR, second)


# -- laws -------------------------------------------------------------------------------------

PORTS = st.integers(0, 65535)
PEERS = st.builds(
    Peer,
    st.ip_addresses().map(str).map(address),
    PORTS,
    st.ip_addresses().map(str).map(address),
    PORTS,
    st.just("s1"),
)
CUTS = st.lists(st.integers(1, 40), min_size=1)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    while data:
        for size in cuts:
            yield data[:size]
            data = data[size:]


@given(PEERS, st.sampled_from([Identity.PROXY_V1, Identity.PROXY_V2]), st.binary(), CUTS)
def test_what_we_tell_an_upstream_we_would_believe(
    peer: Peer, identity: Identity, rest: bytes, cuts: list[int]
) -> None:
    told = Ends(peer.client, peer.client_port, peer.server, peer.server_port)
    assert read(pieces(header(identity, peer) + rest, cuts)) == (told, rest)


WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"PROXY ",
                b"TCP4 ",
                b"TCP6 ",
                b"UNKNOWN",
                b"192.0.2.1 ",
                b"::1 ",
                b"0 ",
                b"25",
                b"\r\n",
            ]
        ),
        st.sampled_from(
            [SIGNATURE, b"\x21\x11", b"\x21\x21", b"\x20\0", b"\0\x0c", b"\0\x24", b"\0"]
        ),
        st.sampled_from([BODY_4, BODY_6, b"\4\0\0", b"\0\0", b" ", b"%", b"\r", b"\n", b"0"]),
        st.binary(max_size=8),
    )
).map(b"".join)


@given(st.one_of(WORDS, st.binary()), CUTS)
def test_any_octets_are_read_as_the_reference_reads_them(data: bytes, cuts: list[int]) -> None:
    try:
        known = reference.preamble(data)
    except ValueError:
        known = None
        assert read([data]) == "refused"
    else:
        assert read([data]) in (known or "unfinished", known or "refused")
    assert read(pieces(data, cuts)) == read([data]) == read(octets(data))


@given(st.sampled_from([data for data, _ in TAKEN]), st.integers(0, 60), st.binary(max_size=3))
def test_a_header_with_an_error_in_it(data: bytes, at: int, noise: bytes) -> None:
    data = data[:at] + noise + data[at + len(noise) :]
    try:
        known: object = reference.preamble(data) or "unfinished"
    except ValueError:
        known = "refused"
    found = read([data])
    assert found == known or (known, found) == ("unfinished", "refused")
    assert read(octets(data)) == found
