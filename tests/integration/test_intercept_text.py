"""Whatever a configuration may hold, nft takes the rules for what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mxward.config import InterceptSettings
from mxward.intercept import kernel, nftables
from mxward.intercept.plan import plan
from mxward.networks import Network
from tests.integration import hosts
from tests.integration.hosts import Host

pytestmark = pytest.mark.real

ADDRESSES = st.builds(
    lambda address, bits: ip_network((address, address.max_prefixlen - bits), strict=False),
    st.ip_addresses(v=4) | st.ip_addresses(v=6),
    st.integers(0, 31),
)
# Anything at all, and what looks most like nft.
NAMES = (st.text(max_size=16) | st.text("a0\"*\\/:@${}#;,. \n\x7f-_!'`~", max_size=15)).map(
    lambda name: name if accepted(name) else f"w{sum(map(ord, name))}"
)
PORTS = st.integers(1, 65535)


@pytest.fixture(name="machine", scope="module")
def _machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{hosts.nft(tmp_path_factory.mktemp('nft'))}:{path}"
    machine = Host()
    try:
        yield machine
    finally:
        machine.close()
        os.environ["PATH"] = path


def accepted(name: str) -> bool:
    """Whether the configuration takes a name for an interface's."""
    try:
        InterceptSettings.model_validate({"interfaces": [name]})
    except ValidationError:
        return False
    return True


def loaded(machine: Host, text: str) -> list[dict[str, Any]]:
    """All that a kernel has which had nothing before."""
    with machine:
        kernel.nft(f"flush ruleset\n{text}")
        objects: list[dict[str, Any]] = kernel.ask("nft", "-j", "list", "ruleset")["nftables"]
    return objects[1:]


@settings(max_examples=60)
@given(
    layout=st.sampled_from(["host", "gateway"]),
    method=st.sampled_from(["tproxy", "redirect"]),
    fail=st.sampled_from(["open", "closed"]),
    fast_path=st.booleans(),
    names=st.lists(NAMES, min_size=1, max_size=4),
    servers=st.lists(ADDRESSES, min_size=1, max_size=6),
    ports=st.lists(PORTS, min_size=1, max_size=4),
    listen_port=PORTS,
    mark=st.integers(256, 2**31 - 2),
    doors=st.lists(ADDRESSES, max_size=8),
)
def test_rules_are_what_they_are_meant_to_be(
    machine: Host, names: list[str], servers: list[Network], doors: list[Network], **values: Any
) -> None:
    wanted = plan(
        InterceptSettings.model_validate(
            values | {"interfaces": names, "servers": [str(server) for server in servers]}
        )
    )
    assert wanted
    objects = loaded(machine, nftables.ruleset(wanted, doors))
    assert [o["table"]["name"] for o in objects if "table" in o] == ["mxward"]
    rules = [o["rule"] for o in objects if "rule" in o]
    shape = dict(nftables.shape(wanted))
    chains = [o["chain"]["name"] for o in objects if "chain" in o]
    assert {name: sum(rule["chain"] == name for rule in rules) for name in chains} == shape
    arrivals = [rule["expr"] for rule in rules if rule["chain"] == "arrivals"]
    assert len(arrivals) == len(wanted.families)
    for expressions in arrivals:
        match, _, ports, verdict = expressions
        assert members(match["match"]["right"]) == set(names)
        assert members(ports["match"]["right"]) == set(values["ports"])
        assert verdict == {"goto": {"target": "divert"}}


def members(right: Any) -> set[Any]:
    """A set of one is shown as its member."""
    return set(right["set"]) if isinstance(right, dict) else {right}


@given(NAMES)
def test_an_interface_that_the_kernel_would_not_have_is_refused(name: str) -> None:
    """By dev_valid_name in net/core/dev.c."""
    valid = (
        0 < len(name.encode("utf-8", "surrogatepass")) < 16
        and name not in (".", "..")
        and not any(c in "/:" or c.isspace() for c in name)
    )
    assert valid or not accepted(name)


@pytest.mark.parametrize("name", ["eth0", "eth0.7", "wan-1", "br_lan", "a" * 15, "x@y", "'$(id)'"])
def test_a_name_that_an_interface_can_have(machine: Host, name: str) -> None:
    assert accepted(name)
    with machine:
        kernel.run("ip", "link", "add", name, "type", "veth", "peer", "name", "other")
        shown = json.loads(kernel.run("ip", "-j", "link", "show", "dev", name))
        kernel.run("ip", "link", "del", name)
    assert shown[0]["ifname"] == name


@settings(max_examples=40)
@given(st.lists(ADDRESSES, max_size=20))
def test_the_fast_path_has_what_it_is_given(machine: Host, doors: list[Network]) -> None:
    wanted = plan(
        InterceptSettings.model_validate(
            {"layout": "gateway", "interfaces": ["wan"], "servers": ["::1:2"], "fast_path": True}
        )
    )
    assert wanted
    objects = loaded(machine, nftables.ruleset(wanted) + nftables.fast_path(doors))
    found = {o["set"]["name"]: o["set"].get("elem", []) for o in objects if "set" in o}
    singles = {str(door.network_address) for door in doors if door.num_addresses == 1}
    assert {*found["front_door4"], *found["front_door6"]} == singles
    widths = [door for door in doors if door.num_addresses > 1]
    assert bool(found["front_door4n"] or found["front_door6n"]) == bool(widths)
