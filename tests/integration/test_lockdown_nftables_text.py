"""Whatever a plan may hold, nft takes the packet filter's rules for what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from ipaddress import ip_address, summarize_address_range
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.lockdown.all_or_nothing import let_in
from mxward.lockdown.nftables import COUNTERS, Filter, ruleset, shape
from mxward.lockdown.plan import Plan
from mxward.networks import Network as Net
from mxward.networks import collapsed, network
from tests.integration import hosts
from tests.integration.filtered import load
from tests.integration.hosts import Host
from tests.integration.test_intercept_text import ADDRESSES
from tests.lockdown.plans import plans

pytestmark = pytest.mark.real


@pytest.fixture(name="machine", scope="module")
def _machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{hosts.nft(tmp_path_factory.mktemp('nft'))}:{os.environ['PATH']}")
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
