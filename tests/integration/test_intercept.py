"""Interception in a real kernel: clients, mxward's machine and mail servers are network namespaces.

Which way packets take is asked of a small transparent proxy, in mxward's place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.config import Layout, Method
from mxward.intercept import switch
from tests.integration import hosts
from tests.integration.layouts import Network, network

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
