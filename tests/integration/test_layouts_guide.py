"""The how-tos of the transparent layouts, in a real kernel: their configuration, their firewall.

Which way packets take is asked of a small transparent proxy, in mxward's place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.config import InterceptSettings, Layout, Method, load
from mxward.intercept import switch
from mxward.intercept.plan import Plan, plan
from tests.config.test_layouts import configuration, installed
from tests.integration import hosts
from tests.integration.layouts import Network, network

pytestmark = pytest.mark.real

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = {Layout.HOST: "transparent-host.md", Layout.GATEWAY: "transparent-gateway.md"}
INTERFACES = {'"eth0"': '"wan"', '"eth1"': '"lan"'}
both_layouts = pytest.mark.parametrize("layout", GUIDES)
both_methods = pytest.mark.parametrize("method", list(Method))
both_families = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.fixture(name="world")
def _world(layout: Layout) -> Iterator[Network]:
    with network(layout) as world:
        yield world


def here(text: str) -> str:
    """With the interfaces of this network."""
    for guides, ours in INTERFACES.items():
        text = text.replace(guides, ours)
    return text


def firewall(layout: Layout) -> str:
    """Of the guide, but its lines are no longer within a list."""
    (block,) = re.findall(r"```nft\n(.*?)```", (DOCS / GUIDES[layout]).read_text(), re.DOTALL)
    return here(block)


def wanted(world: Network, folder: Path, method: Method) -> Plan:
    """What the guide's configuration wants, for the mail server's addresses in this network."""
    settings = load(installed(here(configuration(GUIDES[world.layout])), folder)).intercept
    values = settings.model_dump() | {"servers": list(world.addresses.values()), "method": method}
    found = plan(InterceptSettings.model_validate(values))
    assert found
    return found


@both_layouts
@both_families
def test_the_firewall_lets_clients_in(world: Network, tmp_path: Path, version: int) -> None:
    rules = firewall(world.layout)
    without = rules.replace("{ 22, 25 }", "{ 22 }")
    asked = wanted(world, tmp_path, Method.TPROXY)
    with world.proxy(asked), world.mxward:
        switch.up(asked)
        world.mxward.run("nft", "-f", "-", given=rules)
        assert world.told(version) == world.proxied(version)
        switch.lift()
        assert world.told(version) == world.direct(version)
        switch.restore(asked)
        world.mxward.run("nft", "-f", "-", given=f"delete table inet filter\n{without}")
        assert world.told(version) == "nothing"


@both_layouts
@both_families
def test_with_redirect_the_other_port_must_be_open(
    world: Network, tmp_path: Path, version: int
) -> None:
    rules = firewall(world.layout)
    asked = wanted(world, tmp_path, Method.REDIRECT)
    with world.proxy(asked), world.mxward:
        switch.up(asked)
        world.mxward.run("nft", "-f", "-", given=rules)
        assert world.told(version) == "nothing"
        other = rules.replace("{ 22, 25 }", "{ 22, 2525 }")
        world.mxward.run("nft", "-f", "-", given=f"delete table inet filter\n{other}")
        assert world.told(version) == world.proxied(version)


# -- what gets in the way -----------------------------------------------------------------------

FORGED = """
table inet strict {
    chain prerouting {
        type filter hook prerouting priority filter + 10; policy accept;
        meta nfproto ipv6 fib saddr . mark . iif oif missing drop
    }
}
"""


@both_layouts
@both_methods
@pytest.mark.parametrize("value", [0, 1, 2])
def test_rp_filter_may_have_any_value(
    world: Network, tmp_path: Path, method: Method, value: int
) -> None:
    asked = wanted(world, tmp_path, method)
    names = ("all", "wan", "lo", *(["lan"] if world.layout is Layout.GATEWAY else []))
    for name in names:
        world.mxward.sysctl(f"net.ipv4.conf.{name}.rp_filter", value)
    with world.proxy(asked), world.mxward:
        switch.up(asked)
        assert world.told(4) == world.proxied(4)


@both_layouts
def test_marked_packets_that_are_taken_for_forged(world: Network, tmp_path: Path) -> None:
    asked = wanted(world, tmp_path, Method.TPROXY)
    with world.proxy(asked), world.mxward:
        switch.up(asked)
        world.mxward.sysctl("net.ipv4.conf.all.src_valid_mark", 1)
        assert world.told(4) == "nothing"
        world.mxward.sysctl("net.ipv4.conf.all.src_valid_mark", 0)
        assert world.told(4) == world.proxied(4)
        world.mxward.run("nft", "-f", "-", given=FORGED)
        assert world.told(6) == "nothing"
        assert world.told(4) == world.proxied(4)
