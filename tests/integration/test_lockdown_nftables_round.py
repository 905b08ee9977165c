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
def test_a_syn_in_tiny_fragments_is_a_syn(world: Network, version: int) -> None:
    """RFC 1858 3: the flags come in the second fragment, which no rule about flags would see."""
    _count_answers(world)
    source, target = WHO["stranger"][version], world.addresses[version]
    with world.client:
        _in_fragments(source, target, version, from_port=40_001)
    passed = _answers(world)
    load(world.mxward, rules(world))
    with world.client:
        _in_fragments(source, target, version, from_port=40_002)
    assert _answers(world) == passed == (version == 4)  # IPv6 takes none such (RFC 7112 5)
    assert counters(world.mxward)["refused"] == (version == 4)


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


def _in_fragments(source: str, target: str, version: int, from_port: int) -> None:
    """A SYN, the first eight octets of it in a packet of their own."""
    ends = ip_address(source).packed + ip_address(target).packed
    syn = tcp_syn(source, target, from_port)
    kind = socket.AF_INET if version == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for offset, part, more in ((0, syn[:8], True), (1, syn[8:], False)):
            if version == 4:
                head = struct.pack(
                    "!BBHHHBBH", 0x45, 0, 20 + len(part), 7, more << 13 | offset, 64, 6, 0
                )
                raw.sendto(head + ends + part, (target, 0))
            else:
                head = struct.pack("!IHBB", 6 << 28, 8 + len(part), 44, 64)
                fragment = struct.pack("!BBHI", 6, 0, offset << 3 | more, 7)
                raw.sendto(head + ends + fragment + part, (target, 0))


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
