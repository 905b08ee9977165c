"""Interception in a real kernel: clients, mxward's machine and mail servers are network namespaces.

Which way packets take is asked of a small transparent proxy, in mxward's place.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from pathlib import Path

import pytest

from mxward.config import Fail, Layout, Method
from mxward.intercept import loaded, nftables, switch
from mxward.intercept.loaded import Standing
from mxward.networks import Address, address
from mxward.networks import Network as Net
from mxward.networks import network as net
from tests.integration import hosts
from tests.integration.layouts import CLIENT, Network, network
from tests.integration.transparent import told

pytestmark = pytest.mark.real

both_layouts = pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])
both_methods = pytest.mark.parametrize("method", list(Method))
both_families = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that Debian has, as a user has them in PATH."""
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.fixture(name="world")
def _world(layout: Layout) -> Iterator[Network]:
    with network(layout) as world:
        yield world


def state(world: Network) -> tuple[str, ...]:
    """All rules and routes of mxward's machine, but for those of the kernel's own making."""
    asked = ("rule", "-6 rule", "route show table all", "-6 route show table all")
    routes = "".join(world.mxward.ip(words) for words in asked).splitlines()
    ours = (line for line in routes if " proto kernel " not in line)
    return (world.mxward.run("nft", "-s", "list", "ruleset"), *ours)


@both_layouts
@both_methods
@both_families
def test_the_way_of_packets(world: Network, method: Method, version: int) -> None:
    plan = world.plan(method)
    before = state(world)
    assert world.told(version) == world.direct(version)
    with world.proxy(plan):
        with world.mxward:
            switch.up(plan)
        for port in (25, 587):
            assert world.told(version, port) == world.proxied(version, port)
        assert world.told(version, 26) == world.direct(version)  # not among the ports
        with world.mxward:
            switch.end()
        assert world.told(version) == world.direct(version)
        with world.mxward:
            switch.clear()
        assert world.told(version) == world.direct(version)
    assert state(world) == before


# -- connections under way --------------------------------------------------------------------


@both_layouts
@both_methods
@both_families
def test_who_was_there_before_stays_with_the_mail_server(
    world: Network, method: Method, version: int
) -> None:
    plan = world.plan(method)
    before = world.connects(version)
    with world.proxy(plan), world.mxward:
        switch.up(plan)
        assert world.told(version) == world.proxied(version)
        assert before.says("still there") == "still there"
        switch.end()
        switch.clear()
        assert before.says("and now") == "and now"
    before.close()


@both_layouts
@both_methods
@both_families
def test_who_was_diverted_is_served_to_the_end(
    world: Network, method: Method, version: int
) -> None:
    plan = world.plan(method)
    with world.proxy(plan), world.mxward:
        assert loaded.under_way(plan.listen_port) == 0
        switch.up(plan)
        session = world.connects(version)
        assert loaded.under_way(plan.listen_port) == 2  # its two ends at the proxy
        changes = [
            lambda: switch.up(plan),
            lambda: switch.up(world.plan(method, fast_path=True, ports=[587])),
            lambda: switch.bypass([address(CLIENT[version])]),
            switch.lift,
            switch.end,
        ]
        for number, change in enumerate(changes):
            change()
            assert session.says(f"{number}") == f"{number}"
        assert world.told(version) == world.direct(version)
        session.close()
        while loaded.under_way(plan.listen_port):
            pass
        switch.clear()
        assert loaded.read() == loaded.Loaded()


@both_layouts
@both_families
@pytest.mark.parametrize("cookies", [0, 2])
def test_handshakes_with_cookies_and_ports_used_again(
    world: Network, version: int, cookies: int
) -> None:
    """With a cookie there is no socket yet; after a session there still is one, in TIME_WAIT."""
    plan = world.plan(Method.TPROXY)
    world.mxward.sysctl("net.ipv4.tcp_syncookies", cookies)
    with world.proxy(plan), world.mxward:
        switch.up(plan)
        for _ in range(3):
            assert world.told(version, from_port=40_000) == world.proxied(version)


# -- the proxy is not there -------------------------------------------------------------------


@both_layouts
@both_families
@pytest.mark.parametrize(
    ("method", "fail", "greeting"),
    [
        (Method.TPROXY, Fail.CLOSED, "refused"),
        (Method.TPROXY, Fail.OPEN, "direct"),
        (Method.REDIRECT, Fail.CLOSED, "refused"),
        (Method.REDIRECT, Fail.OPEN, "refused"),  # until the watchdog has noticed
    ],
)
def test_nobody_listens(
    world: Network, version: int, method: Method, fail: Fail, greeting: str
) -> None:
    plan = world.plan(method, fail=fail)
    with world.mxward:
        switch.up(plan)
        assert world.told(version) == greeting.replace("direct", world.direct(version))
        switch.lift()
        assert loaded.read().standing is Standing.LIFTED
        assert world.told(version) == world.direct(version)
        switch.restore(plan)
        assert loaded.read().is_as(plan)
        with world.proxy(plan):
            assert world.told(version) == world.proxied(version)


@both_layouts
@both_methods
@both_families
def test_nobody_from_outside_speaks_to_the_listener_itself(
    world: Network, method: Method, version: int
) -> None:
    plan = world.plan(method)
    here = {4: "198.18.1.1", 6: "2001:db8:1::1"}[version]
    with world.proxy(plan), world.mxward:
        switch.up(plan)
        assert told(world.client, CLIENT[version], here, plan.listen_port) == "refused"
        with socket.create_connection((here, plan.listen_port), 3):
            """From the machine itself: the watchdog."""


# -- the fast path ----------------------------------------------------------------------------

DOORS: dict[str, list[Address | Net]] = {
    "an address": [address(CLIENT[4]), address(CLIENT[6])],
    "a network": [net("198.18.1.2/31"), net("2001:db8:1::2/127")],
    "both, and more": [
        *(address(CLIENT[4]), address(CLIENT[6]), net("198.18.0.0/15"), net("2001:db8::/32")),
        *(net("192.0.2.0/25"), net("192.0.2.128/25"), net("192.0.2.7/32"), address("::7")),
    ],
}


def merged(doors: list[Address | Net]) -> set[Net]:
    """The same, without what is in a wider one."""
    networks = [net(str(door)) for door in doors]
    return {
        *collapse_addresses(each for each in networks if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in networks if isinstance(each, IPv6Network)),
    }


@both_layouts
@both_methods
@pytest.mark.parametrize("doors", DOORS.values(), ids=DOORS)
def test_front_doors_pass_by(world: Network, method: Method, doors: list[Address | Net]) -> None:
    plan = world.plan(method, fast_path=True)
    with world.proxy(plan), world.mxward:
        switch.up(plan)
        for version in (4, 6):
            assert world.told(version) == world.proxied(version)
        switch.bypass(doors)
        for version in (4, 6):
            assert world.told(version) == world.direct(version)
        assert loaded.read().counted[nftables.FAST] == 2
        switch.up(plan)  # which forgets none
        assert merged(loaded.front_doors()) == merged(doors)
        assert world.told(4) == world.direct(4)
        switch.bypass([])
        assert loaded.front_doors() == []
        assert world.told(4) == world.proxied(4)


# -- what is there, and what is not ours ------------------------------------------------------


@both_layouts
@both_methods
def test_twice_is_once(world: Network, method: Method) -> None:
    plan = world.plan(method)
    with world.mxward:
        switch.up(plan)
        once = state(world)
        switch.up(plan)
    assert state(world) == once


@pytest.mark.parametrize("layout", [Layout.GATEWAY])
@both_methods
def test_what_others_have_is_left_alone(world: Network, method: Method) -> None:
    others = """
table inet other {
    set mail { type ipv4_addr; elements = { 198.18.1.2 }; }
    chain prerouting {
        type filter hook prerouting priority mangle; policy accept;
        meta mark set 7
    }
}
table ip mxward {
    chain divert {
        tcp dport 25 accept
    }
}
"""
    world.mxward.run("nft", "-f", "-", given=others)
    world.mxward.ip("rule add pref 28024 from 192.0.2.1 lookup 7")
    world.mxward.ip("rule add pref 28025 fwmark 28024 lookup 7")
    world.mxward.ip("route add 192.0.2.0/24 dev lan table 28024")
    before = state(world)
    with world.mxward:
        switch.up(world.plan(method))
        assert state(world) != before
        switch.end()
        switch.clear()
    assert state(world) == before


@pytest.mark.parametrize("layout", [Layout.GATEWAY])
def test_another_mark_another_family_another_method(world: Network) -> None:
    """Nothing remains of what was in force before."""
    before = state(world)
    plan = world.plan(Method.TPROXY, servers=[world.addresses[4]])
    with world.proxy(plan), world.mxward:
        switch.up(world.plan(Method.REDIRECT, mark=4096))
        switch.up(plan)
        assert world.told(4) == world.proxied(4)
        assert world.told(6) == world.direct(6)
        assert "4096" not in str(state(world))
        assert world.mxward.ip("-6 rule").count("\n") == 2
        assert switch.end()
        switch.clear()
        assert not switch.end()
    assert state(world) == before


@pytest.mark.parametrize("layout", [Layout.GATEWAY])
@both_methods
def test_how_it_stands(world: Network, method: Method) -> None:
    plan, other = world.plan(method), world.plan(method, ports=[25])
    with world.proxy(plan), world.mxward:
        assert loaded.read().standing is Standing.DOWN
        switch.up(plan)
        found = loaded.read()
        assert (found.standing, found.is_as(plan), found.is_as(other)) == (Standing.UP, True, False)
        world.told(4)
        world.told(6)
        assert loaded.read().counted[nftables.TAKEN] == 2
        world.mxward.run("nft", "add", "rule", "inet", "mxward", "arrivals", "drop")
        assert not loaded.read().is_as(plan)
        switch.up(plan)
        switch.lift()
        assert (loaded.read().standing, loaded.read().is_as(plan)) == (Standing.LIFTED, True)
        world.told(4)
        assert loaded.read().counted[nftables.LET_THROUGH] == 1
        switch.end()
        assert loaded.read().standing is Standing.ENDING
        switch.end()
        switch.clear()
        switch.clear()
        assert loaded.read().standing is Standing.DOWN
