"""Names and questions as octets."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lookup.wire import CODES, Broken, name_at, octets_of, past_name, query, text
from mxward.model import Kind


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("example", b"\7example\0"),
        ("Mail.Example.", b"\4mail\7example\0"),
        ("bücher.example", b"\x0dxn--bcher-kva\7example\0"),
        ("_25._tcp.mx1.example", b"\3_25\4_tcp\3mx1\7example\0"),
        ("4.2.0.192.in-addr.arpa", b"\x014\x012\x010\x03192\7in-addr\4arpa\0"),
    ],
)
def test_a_name_as_octets(name: str, octets: bytes) -> None:
    assert octets_of(name) == octets


@pytest.mark.parametrize("name", ["", ".", "a..b", "a b", "a" * 64, "\ud800", "x." * 200, "ü" * 63])
def test_what_is_no_name_has_no_octets(name: str) -> None:
    with pytest.raises(ValueError, match="no domain name"):
        octets_of(name)


@pytest.mark.parametrize("kind", Kind)
def test_dnspython_reads_our_questions(kind: Kind) -> None:
    _, message = query(octets_of("mail.example"), CODES[kind])
    read = dns.message.from_wire(b"\x12\x34" + message)
    assert (read.id, read.opcode(), read.flags) == (0x1234, 0, dns.flags.RD)
    assert [str(each) for each in read.question] == [f"mail.example. IN {kind}"]
    assert (read.edns, read.payload, read.ednsflags) == (0, 1232, 0)


names = st.lists(st.binary(min_size=1, max_size=63), max_size=8).filter(
    lambda labels: sum(map(len, labels)) + len(labels) < 255
)


@given(names)
def test_names_are_spelled_as_dnspython_spells_them(labels: list[bytes]) -> None:
    name = dns.name.Name([*labels, b""])
    octets = name.to_wire() or b""
    read, end = name_at(b"__" + octets, 2, 2 + len(octets))
    assert end == past_name(b"__" + octets, 2) == 2 + len(octets)
    assert read == name.canonicalize().to_wire()
    assert text(read) == (name.to_text(omit_final_dot=True) or ".").lower()


def test_the_root_is_a_dot() -> None:
    assert text(b"\0") == "."


def test_a_name_ends_where_it_must() -> None:
    with pytest.raises(Broken):
        name_at(b"\4mail\7example\0", 0, 8)
