"""The packet filter in a real kernel: scanners, trusted clients and strangers are addresses of a
machine of the test's own, and the mail server stands on the machine of the filter, or behind it.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address, summarize_address_range
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.cli import main
from mxward.config import Layout
from mxward.lockdown.all_or_nothing import let_in
from mxward.lockdown.nftables import COUNTERS, FILE, TABLE, Filter, ruleset, shape, write
from mxward.lockdown.plan import Plan
from mxward.networks import Network as Net
from mxward.networks import collapsed, network
from tests.deploy.test_units import systemd
from tests.integration import hosts
from tests.integration.hosts import Host
from tests.integration.layouts import Network
from tests.integration.layouts import network as laid_out
from tests.integration.servers import Nsd
from tests.integration.storm_of_syns import Storm, tcp_syn
from tests.integration.test_intercept_text import ADDRESSES
from tests.integration.transparent import connects, told
from tests.lockdown.plans import group, planned, plans

pytestmark = pytest.mark.real

both_layouts = pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])
both_families = pytest.mark.parametrize("version", [4, 6])
WHO = {
    "scanner": {4: "198.18.1.10", 6: "2001:db8:1::10"},
    "network": {4: "198.18.1.70", 6: "2001:db8:1:0:7::1"},
    "trusted": {4: "198.18.1.11", 6: "2001:db8:1::11"},
    "stranger": {4: "198.18.1.2", 6: "2001:db8:1::2"},
}
WELCOME = ("198.18.1.10", "198.18.1.64/28", "2001:db8:1::10", "2001:db8:1:0:7::/80")
TRUSTED = ("198.18.1.11", "2001:db8:1::11")
OTHER = {4: "198.18.7.7", 6: "2001:db8:7::7"}  # of the same machine as the mail server


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.fixture(name="world")
def _world(layout: Layout) -> Iterator[Network]:
    with laid_out(layout) as world:
        for addresses in WHO.values():
            if addresses[4] != "198.18.1.2":
                world.client.owns("eth0", f"{addresses[4]}/24", f"{addresses[6]}/64")
        world.server.owns("lo", f"{OTHER[4]}/32", f"{OTHER[6]}/128")
        for version, address in OTHER.items():
            via = world.addresses[version]
            world.client.ip(f"-{version} route replace {address} via {_way(world, version)}")
            if layout is Layout.GATEWAY:
                world.mxward.ip(f"-{version} route replace {address} via {via}")
        yield world


def _way(world: Network, version: int) -> str:
    return {4: "198.18.1.1", 6: "2001:db8:1::1"}[version]


def wanted(world: Network, *, refuses: bool = True) -> Filter:
    return Filter(tuple(map(network, world.addresses.values())), (25, 26), refuses)


def rules(world: Network, *, refuses: bool = True, welcome: tuple[str, ...] = WELCOME) -> str:
    plan = planned(group(welcome=welcome, trusted=TRUSTED))
    text = write(plan, wanted(world, refuses=refuses)).files[FILE]
    assert isinstance(text, str)
    return text


def load(host: Host, text: str) -> None:
    host.run("nft", "-f", "-", given=text)


def counters(host: Host) -> dict[str, int]:
    listed = json.loads(host.run("nft", "-j", "list", "counters", "table", *TABLE.split()))
    found = [each["counter"] for each in listed["nftables"] if "counter" in each]
    return {each["name"]: each["packets"] for each in found}


def hears(world: Network, who: str, version: int, port: int = 25) -> str:
    return told(world.client, WHO[who][version], world.addresses[version], port)


def greeted(who: str, version: int) -> str:
    return f"server sees {ip_address(WHO[who][version])}"


# -- who is let in ------------------------------------------------------------------------------


@both_layouts
@both_families
def test_front_doors_and_trusted_clients_and_nobody_else(world: Network, version: int) -> None:
    load(world.mxward, rules(world))
    for port in (25, 26):
        for who in ("scanner", "network", "trusted"):
            assert hears(world, who, version, port) == greeted(who, version)
        assert hears(world, "stranger", version, port) == "refused"
    counted = counters(world.mxward)
    assert counted["let_in"] >= 6  # a neighbour's address is asked for first: a SYN may come twice
    assert (counted["refused"], counted["logged"]) == (2, 2)
    assert (counted["would_be_refused"], counted["invalid"]) == (0, 0)


@both_layouts
@both_families
def test_other_ports_and_other_addresses_are_left_alone(world: Network, version: int) -> None:
    load(world.mxward, rules(world))
    assert hears(world, "stranger", version, 587) == greeted("stranger", version)
    for port in (25, 587):
        heard = told(world.client, WHO["stranger"][version], OTHER[version], port)
        assert heard == greeted("stranger", version)
    assert sum(counters(world.mxward).values()) == 0


@both_layouts
@both_families
def test_stage_log_only_counts(world: Network, version: int) -> None:
    load(world.mxward, rules(world, refuses=False))
    for who in WHO:
        assert hears(world, who, version) == greeted(who, version)
    counted = counters(world.mxward)
    assert counted["let_in"] >= 3
    assert (counted["would_be_refused"], counted["refused"]) == (1, 0)


@pytest.mark.parametrize("layout", [Layout.HOST])
@both_families
def test_what_the_machine_says_to_itself_is_left_alone(world: Network, version: int) -> None:
    load(world.mxward, rules(world))
    own = world.addresses[version]
    assert told(world.mxward, own, own, 25) == f"server sees {ip_address(own)}"


@both_layouts
@both_families
def test_nobody_is_granted_anything(world: Network, version: int) -> None:
    """What another table of the machine refuses stays refused, scanner or not."""
    family = "ip" if version == 4 else "ip6"
    scanner = WHO["scanner"][version]
    load(
        world.mxward,
        f"table inet operators {{\nchain x {{\ntype filter hook prerouting priority filter;\n"
        f"{family} saddr {scanner} tcp dport 25 reject with tcp reset\n}}\n}}\n",
    )
    load(world.mxward, rules(world))
    assert hears(world, "scanner", version) == "refused"
    assert hears(world, "trusted", version) == greeted("trusted", version)


@both_layouts
@both_families
def test_the_log_is_limited(world: Network, version: int) -> None:
    load(world.mxward, rules(world))
    for _ in range(80):
        assert hears(world, "stranger", version) == "refused"
    counted = counters(world.mxward)
    assert counted["refused"] == 80
    assert 50 <= counted["logged"] < 80


# -- what was there before ----------------------------------------------------------------------


@both_layouts
@both_families
def test_connections_go_on_and_counters_count_on(world: Network, version: int) -> None:
    stranger = WHO["stranger"][version], world.addresses[version], 25
    session = connects(world.client, *stranger)
    session.read()
    for number, text in enumerate(
        [rules(world), rules(world, welcome=("192.0.2.1",)), rules(world, refuses=False)]
    ):
        load(world.mxward, text)
        assert session.says(f"{number}") == f"{number}"
        assert (
            hears(world, "stranger", version)
            == ("refused", greeted("stranger", version))[number == 2]
        )
    session.close()
    counted = counters(world.mxward)
    assert (counted["refused"], counted["would_be_refused"]) == (2, 1)


@both_layouts
@both_families
def test_who_left_the_front_door_is_refused_and_who_came_is_let_in(
    world: Network, version: int
) -> None:
    load(world.mxward, rules(world))
    assert hears(world, "stranger", version) == "refused"
    load(world.mxward, rules(world, welcome=tuple(WHO["stranger"].values())))
    assert hears(world, "stranger", version) == greeted("stranger", version)
    assert hears(world, "scanner", version) == hears(world, "network", version) == "refused"


@both_layouts
def test_the_steps_do_what_they_say(world: Network, tmp_path: Path, layout: Layout) -> None:
    """Apply, check and roll back, as the README has them; systemd is not there to be told."""
    load(world.mxward, "table inet operators {\nchain x {\n}\n}\n")
    before = world.mxward.run("nft", "list", "ruleset")
    place = tmp_path / "installed"
    plan = planned(group(welcome=WELCOME, trusted=TRUSTED))
    written = write(plan, replace(wanted(world), place=str(place)))
    for name, content in {**written.files, "README.md": "", "mxward.json": ""}.items():
        (tmp_path / name).write_text(str(content))
    assert _does(world, tmp_path, written.apply[0].commands) == [0]
    assert world.mxward.run("nft", "list", "ruleset") == before
    assert set(_does(world, tmp_path, written.apply[-1].commands)) == {0}
    assert hears(world, "stranger", 4) == "refused"
    assert _does(world, tmp_path, written.check[0].commands) == [0]
    assert set(_does(world, tmp_path, [c for s in written.roll_back for c in s.commands])) == {0}
    assert hears(world, "stranger", 4) == greeted("stranger", 4)
    assert world.mxward.run("nft", "list", "ruleset") == before
    assert not place.exists()


def _does(world: Network, folder: Path, commands: Any) -> list[int]:
    """The exit codes of what a root shell does in a folder."""
    codes = []
    for line in commands:
        if "systemctl" in line or "/etc/systemd" in line:
            continue
        with world.mxward:
            done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stderr)
        codes.append(done.returncode)
    return codes


# -- from the DNS to the kernel -----------------------------------------------------------------

CONFIG = """\
[server]
addresses = ["{v4}", "{v6}"]
[inventory]
files = ["domains"]
[policy]
stage = "refuse"
[scanners.clean]
mx = ["clean.example"]
egress = ["198.18.1.64/28", "2001:db8:1:0:7::/80"]
[[trust]]
network = "198.18.1.11"
owner = "anna"
note = "the printer"
[dns]
servers = ["192.0.2.53:53"]
timeout = 1
[store]
path = "store.db"
"""
ZONES: dict[str, str | None] = {
    "it.co.za": "@ MX 10 mx1.clean.example.",
    "two.example": "@ MX 10 mx1.clean.example.",
    "clean.example": "mx1 A 198.18.1.10\nmx1 AAAA 2001:db8:1::10",
}


@pytest.mark.parametrize("layout", [Layout.GATEWAY])
def test_from_the_dns_to_the_kernel_and_when_the_dns_fails(
    world: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    addresses = {f"v{version}": address for version, address in world.addresses.items()}
    (tmp_path / "mxward.toml").write_text(CONFIG.format_map(addresses))
    (tmp_path / "domains").write_text("it.co.za\ntwo.example\n")
    refuse = ("--stage", "refuse", "--out", "etc", "--installed", "etc")
    with world.mxward, Nsd(tmp_path / "nsd", "192.0.2.53", zones=ZONES):
        assert lockdown(*refuse).exit_code == 0
        assert lockdown(*refuse, "--check").exit_code == 0
        none = lockdown(*refuse, "--check", "--loaded")
        assert (none.exit_code, "nothing is loaded" in none.stderr) == (4, True)
        world.mxward.run("nft", "-f", f"etc/{FILE}")
        assert lockdown(*refuse, "--check", "--loaded").exit_code == 0
    for version in (4, 6):
        for who in ("scanner", "network"):
            assert hears(world, who, version) == greeted(who, version)
        assert hears(world, "stranger", version) == "refused"
    assert hears(world, "trusted", 4) == greeted("trusted", 4)
    assert hears(world, "trusted", 6) == "refused"
    before = (tmp_path / "etc" / FILE).read_text()
    with world.mxward:  # nobody answers any more
        assert lockdown(*refuse).exit_code == 3
        assert (tmp_path / "etc" / FILE).read_text() == before
        world.mxward.run("nft", "add", "rule", *TABLE.split(), "arrivals", "return")
        other = lockdown(*refuse, "--check", "--loaded")
        assert (other.exit_code, "other rules are loaded" in other.stderr) == (4, True)


def lockdown(*words: str) -> Result:
    words = ("lockdown", "nftables", "--config", "mxward.toml", *words)
    result = CliRunner().invoke(main, words, prog_name="mxward")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_unit_is_one(tmp_path: Path) -> None:
    written = write(planned(group()), Filter((network("192.0.2.25"),), (25,), refuses=True))
    unit = tmp_path / "mxward-lockdown.service"
    unit.write_text(str(written.files[unit.name]).replace("/usr/sbin/nft", "/bin/true"))
    done = systemd("systemd-analyze", "verify", str(unit), units=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


# -- who tries to get round it ------------------------------------------------------------------


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


# -- whatever is in it --------------------------------------------------------------------------


@pytest.fixture(name="machine", scope="module")
def _machine() -> Iterator[Host]:
    machine = Host()
    yield machine
    machine.close()


@settings(max_examples=80)
@given(
    plan=plans(ADDRESSES.map(lambda net: network(str(net)))),
    servers=st.lists(ADDRESSES, min_size=1, max_size=5),
    ports=st.lists(st.integers(1, 65_535), min_size=1, max_size=5, unique=True),
    refuses=st.booleans(),
)
def test_no_input_can_add_a_rule(
    machine: Host, plan: Plan, servers: list[Net], ports: list[int], refuses: bool
) -> None:
    asked = Filter(tuple(servers), tuple(ports), refuses, even_so=True)
    clients = let_in(plan)
    text = ruleset(asked, clients)
    machine.run("nft", "-c", "-f", "-", given=text)
    load(machine, f"flush ruleset\n{text}")
    objects = json.loads(machine.run("nft", "-j", "list", "ruleset"))["nftables"][1:]
    assert [o["table"]["name"] for o in objects if "table" in o] == ["mxward_lockdown"]
    assert {o["counter"]["name"] for o in objects if "counter" in o} == set(COUNTERS)
    chains = [o["rule"]["chain"] for o in objects if "rule" in o]
    versions = {net.version for net in servers}
    assert {name: chains.count(name) for name in chains} == shape(asked)
    assert (chains.count("arrivals"), chains.count("door")) == (len(versions), 7)
    elements = [e for o in objects if "set" in o for e in o["set"].get("elem", [])]
    assert collapsed(net for e in elements for net in _networks(e)) == clients
    assert "accept" not in json.dumps([o for o in objects if "rule" in o])
    assert ("reject" in json.dumps(objects)) is refuses


def _networks(element: Any) -> tuple[Net, ...]:
    """One of a set, as nft shows it."""
    if isinstance(element, str):
        return (network(element),)
    if "prefix" in element:
        return (network(f"{element['prefix']['addr']}/{element['prefix']['len']}"),)
    return tuple(summarize_address_range(*map(ip_address, element["range"])))
