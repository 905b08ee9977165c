"""The packet filter in a real kernel: scanners, trusted clients and strangers are addresses of a
machine of the test's own, and the mail server stands on the machine of the filter, or behind it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from mxward.config import Layout
from tests.integration import hosts
from tests.integration.filtered import (
    OTHER,
    WHO,
    counters,
    filtered,
    greeted,
    hears,
    load,
    rules,
)
from tests.integration.layouts import Network
from tests.integration.transparent import connects, told

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
