"""Who tries to get round the packet filter: a SYN in pieces, or amid a replacement."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from mxward.config import Layout
from tests.integration import hosts
from tests.integration.filtered import (
    WHO,
    counters,
    filtered,
    greeted,
    hears,
    load,
    rules,
)
from tests.integration.layouts import Network
from tests.integration.storm_of_syns import Storm, tcp_syn

pytestmark = pytest.mark.real

both_families = pytest.mark.parametrize("version", [4, 6])
both_layouts = pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.fixture(name="world")
def _world(layout: Layout) -> Iterator[Network]:
    with filtered(layout) as world:
        yield world


@both_layouts
@both_families
@pytest.mark.parametrize("how", ["whole", "tiny", "halves", "options", "flags"])
def test_a_syn_is_a_syn_however_it_comes(world: Network, version: int, how: str) -> None:
    """In tiny fragments (RFC 1858 3) the flags come in the second, where no rule looks for them."""
    assert hears(world, "stranger", version) == greeted("stranger", version)  # all neighbours met
    _count_answers(world)
    source, target = WHO["stranger"][version], world.addresses[version]
    with world.client:
        _send(version, target, _packets(source, target, how, from_port=40_001))
    passed = _answers(world)
    load(world.mxward, rules(world))
    with world.client:
        _send(version, target, _packets(source, target, how, from_port=40_002))
    taken = (version, how) != (6, "tiny")  # IPv6 takes none such, rules or not (RFC 7112 5)
    assert _answers(world) == passed == taken
    assert counters(world.mxward)["refused"] == taken


def _count_answers(world: Network) -> None:
    load(
        world.client,
        "table inet seen {\ncounter answers {\n}\nchain x {\n"
        "type filter hook prerouting priority raw;\n"
        "tcp flags & (syn | ack) == syn | ack counter name answers\n}\n}\n",
    )


def _answers(world: Network) -> int:
    """How many connections were answered so far. Packets between namespaces need no time."""
    listed = json.loads(world.client.run("nft", "-j", "list", "counter", "inet", "seen", "answers"))
    return int(next(o["counter"]["packets"] for o in listed["nftables"] if "counter" in o))


def _packets(source: str, target: str, how: str, from_port: int) -> list[bytes]:
    """A SYN, in one packet or two."""
    every = 0xEA if how == "flags" else 0x02  # with CWR, ECE, URG and PSH
    syn = tcp_syn(source, target, from_port, flags=every, data=b"EHLO x\r\n" * (how == "halves"))
    make = _of_6 if ":" in target else _of_4
    ends = ip_address(source).packed + ip_address(target).packed
    if how in ("tiny", "halves"):
        cut = 8 if how == "tiny" else 24
        return [make(ends, syn[:cut], 0, True), make(ends, syn[cut:], cut // 8, False)]
    return [make(ends, syn, options=how == "options")]


def _of_4(
    ends: bytes, part: bytes, offset: int = 0, more: bool = False, *, options: bool = False
) -> bytes:
    """RFC 791 3.1; the kernel reckons the checksum."""
    none = b"\x01\x01\x01\x01" if options else b""
    length, words = 20 + len(none) + len(part), 5 + len(none) // 4
    cut = more << 13 | offset
    return struct.pack("!BBHHHBBH", 0x40 | words, 0, length, 7, cut, 64, 6, 0) + ends + none + part


def _of_6(
    ends: bytes, part: bytes, offset: int = 0, more: bool = False, *, options: bool = False
) -> bytes:
    """RFC 8200 3, with a fragment header (4.5) where it is one, or with destination options (4.6)
    that say nothing.
    """
    between, first = b"", 6
    if more or offset:
        between, first = struct.pack("!BBHI", 6, 0, offset << 3 | more, 7), 44
    if options:
        between, first = struct.pack("!BB6s", 6, 0, b"\x01\x04"), 60
    return struct.pack("!IHBB", 6 << 28, len(between + part), first, 64) + ends + between + part


def _send(version: int, target: str, packets: list[bytes]) -> None:
    kind = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for packet in packets:
            raw.sendto(packet, (target, 0))


# -- replaced under load ------------------------------------------------------------------------


@both_families
def test_no_packet_is_decided_wrongly_while_front_doors_are_replaced(
    version: int, count: Callable[[int, int], int]
) -> None:
    with Storm(version) as storm:
        for number in range(count(10, 40)):
            storm.replace(number, count(2_000, 10_000))
        found = storm.ends()
    assert found.let_in == found.known > 1_000
    assert found.refused == found.strangers > 1_000
