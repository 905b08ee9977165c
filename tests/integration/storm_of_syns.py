"""First packets of connections, as fast as one core sends them, at a machine whose packet filter is
replaced meanwhile: does the filter decide each rightly?

    client --- eth0 [filter, closed port 25]          (two network namespaces)

Half of them come from addresses that every replacement lets in, the others from strangers. A table
of the test's own counts both right before the filter does, so a packet that is lost on the way is
nobody's mistake.

python -m tests.integration.storm_of_syns DEVICE MAC TARGET SOURCE...    (until its input ends)
"""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from mxward.lockdown.nftables import TABLE, Filter, ruleset
from mxward.networks import Network, collapsed, network
from tests.integration.hosts import Host, wire

__all__ = ["Found", "Storm", "tcp_syn"]

_CLIENT = {4: "198.18.1.2", 6: "2001:db8:1::2"}
_SERVER = {4: "198.18.1.1", 6: "2001:db8:1::1"}
_BITS = {4: 24, 6: 64}
_SOURCES = {4: "203.0.113.0/24", 6: "2001:db8:5::/120"}
_OTHERS = {4: int(IPv4Address("10.0.0.0")), 6: int(IPv6Address("2001:db8:a::"))}
_KNOWN, _NETWORKS, _STRANGERS = 16, 16, 32  # sources: by address, by network, and not let in
_FROM_PORTS = range(20_000, 20_032)


@dataclass
class Found:
    """Packets, as the test's own table and the filter have counted them."""

    known: int
    strangers: int
    let_in: int
    refused: int
    seconds: list[float] = field(default_factory=list)  # that each replacement took

    @property
    def wrong(self) -> int:
        return abs(self.let_in - self.known) + abs(self.refused - self.strangers)


class Storm:
    """It blows from entering on. `replace` as often as wanted, then `ends`."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._stack = ExitStack()
        self._seconds: list[float] = []
        first = network(_SOURCES[version])[0]
        self._sources = [first + n for n in range(_KNOWN + _NETWORKS + _STRANGERS)]
        singles = (network(str(source)) for source in self._sources[:_KNOWN])
        bits = {4: 28, 6: 124}[version]
        self._let_in = (*singles, network(f"{self._sources[_KNOWN]}/{bits}"))

    def __enter__(self) -> Storm:
        version = self._version
        client, self._server = Host(), Host()
        self._stack.callback(client.close)
        self._stack.callback(self._server.close)
        wire(client, "eth0", self._server, "eth0")
        client.owns("eth0", f"{_CLIENT[version]}/{_BITS[version]}")
        self._server.owns("eth0", f"{_SERVER[version]}/{_BITS[version]}")
        self._server.ip(f"-{version} route add {_SOURCES[version]} via {_CLIENT[version]}")
        self._server.run("nft", "-f", "-", given=self._seen())
        self._load(0, 100)
        [about] = json.loads(self._server.ip("-j link show dev eth0"))
        words = ["eth0", about["address"], _SERVER[version], *map(str, self._sources)]
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", __name__, *words]
        with client:
            self._sender = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        self._stack.callback(self._sender.communicate)
        self._stack.callback(self._sender.kill)
        assert self._sender.stdout
        assert self._sender.stdout.readline() == "blows\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def replace(self, number: int, size: int) -> None:
        """Other front doors, so many addresses, but for those that stay."""
        self._seconds.append(self._load(number, size))

    def ends(self) -> Found:
        """What was counted, once all packets are through."""
        assert self._sender.poll() is None, "the storm has ended by itself"
        self._sender.communicate()
        seen = self._counters("inet seen")
        filtered = self._counters(TABLE)
        return Found(
            seen["known"],
            seen["strangers"],
            filtered["let_in"],
            filtered["refused"],
            self._seconds,
        )

    def _load(self, number: int, size: int) -> float:
        chance = random.Random(number)
        kind = IPv4Address if self._version == 4 else IPv6Address
        others = chance.sample(range(1, 1 << 22), size - _KNOWN)
        clients: list[Network] = [network(str(kind(_OTHERS[self._version] + n))) for n in others]
        asked = Filter((network(_SERVER[self._version]),), (25,), refuses=True)
        text = ruleset(asked, collapsed((*self._let_in, *clients)))
        begun = time.perf_counter()
        self._server.run("nft", "-f", "-", given=text)
        return time.perf_counter() - begun

    def _seen(self) -> str:
        family = "ip" if self._version == 4 else "ip6"
        known = ", ".join(map(str, self._sources[: _KNOWN + _NETWORKS]))
        return (
            "table inet seen {\ncounter known {\n}\ncounter strangers {\n}\nchain x {\n"
            "type filter hook prerouting priority mangle - 1;\n"
            f"tcp dport 25 {family} saddr {{ {known} }} counter name known return\n"
            "tcp dport 25 counter name strangers\n}\n}\n"
        )

    def _counters(self, table: str) -> dict[str, int]:
        listed = json.loads(
            self._server.run("nft", "-j", "list", "counters", "table", *table.split())
        )
        found = [each["counter"] for each in listed["nftables"] if "counter" in each]
        return {each["name"]: each["packets"] for each in found}


def tcp_syn(
    source: str,
    target: str,
    from_port: int,
    port: int = 25,
    *,
    flags: int = 0x02,
    data: bytes = b"",
) -> bytes:
    """A TCP segment (RFC 9293 3.1) with the checksum that it must have."""
    ends = ip_address(source).packed + ip_address(target).packed
    syn = struct.pack("!HHIIBBHHH", from_port, port, 1, 0, 5 << 4, flags, 65_000, 0, 0)
    syn += data
    total = _sum(ends + syn) + 6 + len(syn)
    return syn[:16] + struct.pack("!H", ~_folded(total) & 0xFFFF) + syn[18:]


def _frame(mac: bytes, source: str, target: str, from_port: int) -> bytes:
    segment = tcp_syn(source, target, from_port)
    ends = ip_address(source).packed + ip_address(target).packed
    if ":" in target:
        head = struct.pack("!IHBB", 6 << 28, len(segment), 6, 64)
        return mac + bytes(6) + b"\x86\xdd" + head + ends + segment
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0)
    checksum = struct.pack("!H", ~_folded(_sum(head + ends)) & 0xFFFF)
    return mac + bytes(6) + b"\x08\x00" + head[:10] + checksum + ends + segment


def _sum(octets: bytes) -> int:
    return sum(struct.unpack(f"!{len(octets) // 2}H", octets))


def _folded(total: int) -> int:
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _blow(device: str, mac: str, target: str, sources: Sequence[str]) -> None:
    octets = bytes.fromhex(mac.replace(":", ""))
    frames = [_frame(octets, source, target, p) for p in _FROM_PORTS for source in sources]
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((device, 0))
        print("blows", flush=True)  # noqa: T201
        while not ended.is_set():
            for frame in frames:
                raw.send(frame)


if __name__ == "__main__":
    _blow(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
