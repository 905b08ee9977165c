"""Who comes to a mail server that is on the machine of a packet filter, or behind it: a scanner by
its address and by its network, a trusted client, and a stranger. All are addresses of one machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from mxward.config import Layout
from mxward.lockdown.nftables import FILE, TABLE, Filter, write
from mxward.networks import network
from tests.integration.hosts import Host
from tests.integration.layouts import Network
from tests.integration.layouts import network as laid_out
from tests.integration.transparent import told
from tests.lockdown.plans import group, planned

__all__ = [
    "OTHER",
    "TRUSTED",
    "WELCOME",
    "WHO",
    "counters",
    "filtered",
    "greeted",
    "hears",
    "load",
    "rules",
    "wanted",
]

WHO = {
    "scanner": {4: "198.18.1.10", 6: "2001:db8:1::10"},
    "network": {4: "198.18.1.70", 6: "2001:db8:1:0:7::1"},
    "trusted": {4: "198.18.1.11", 6: "2001:db8:1::11"},
    "stranger": {4: "198.18.1.2", 6: "2001:db8:1::2"},
}
WELCOME = ("198.18.1.10", "198.18.1.64/28", "2001:db8:1::10", "2001:db8:1:0:7::/80")
TRUSTED = ("198.18.1.11", "2001:db8:1::11")
OTHER = {4: "198.18.7.7", 6: "2001:db8:7::7"}  # of the same machine as the mail server
_WAY = {4: "198.18.1.1", 6: "2001:db8:1::1"}


@contextmanager
def filtered(layout: Layout) -> Iterator[Network]:
    """The layout, with all of these, and no rules yet."""
    with laid_out(layout) as world:
        for addresses in WHO.values():
            if addresses[4] != "198.18.1.2":
                world.client.owns("eth0", f"{addresses[4]}/24", f"{addresses[6]}/64")
        world.server.owns("lo", f"{OTHER[4]}/32", f"{OTHER[6]}/128")
        for version, address in OTHER.items():
            world.client.ip(f"-{version} route replace {address} via {_WAY[version]}")
            if layout is Layout.GATEWAY:
                via = world.addresses[version]
                world.mxward.ip(f"-{version} route replace {address} via {via}")
        yield world


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
