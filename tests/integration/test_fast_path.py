"""The fast path in a real kernel: who goes past mxward follows the inventory and a real DNS."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner

from mxward.cli import main
from mxward.config import Layout, Method
from mxward.intercept import loaded
from tests.integration import hosts
from tests.integration.layouts import Network, network
from tests.integration.servers import Nsd

pytestmark = pytest.mark.real

DNS = "192.0.2.53"
CONFIG = """\
[server]
identity = "transparent"

[intercept]
layout = "gateway"
interfaces = ["wan"]
servers = ["198.18.2.25", "2001:db8:2::25"]
ports = [25, 587]
fast_path = true
state = "intercept.json"

[tls]
hide_starttls = true

[inventory]
files = ["localdomains"]

[scanners.clean]
mx = ["clean.example"]
egress = ["198.18.1.0/28", "2001:db8:1::/64"]

[scanners.pure]
mx = ["pure.example"]
egress = ["192.0.2.0/24"]

[dns]
servers = ["192.0.2.53:53"]

[store]
path = "store.db"
"""
ZONES: dict[str, str | None] = {
    "it.co.za": "@ MX 10 mx1.clean.example.",
    "two.example": "@ MX 10 mx2.clean.example.",
    "other.example": "@ MX 10 mx.pure.example.",
    "own.example": "@ MX 10 mail.own.example.\nmail A 198.18.2.25",
    "clean.example": "mx1 A 198.51.100.10\nmx2 A 198.51.100.11",
    "pure.example": "mx A 198.51.100.30",
}


@pytest.fixture(name="world")
def _world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    Path("mxward.toml").write_text(CONFIG)
    with network(Layout.GATEWAY) as world:
        yield world


@pytest.fixture(name="dns")
def _dns(world: Network, tmp_path: Path) -> Iterator[Nsd]:
    with world.mxward, Nsd(tmp_path / "nsd", DNS, zones=ZONES) as dns:
        yield dns


@pytest.fixture(name="watch")
def _watch(world: Network, dns: Nsd) -> Iterator[subprocess.Popen[str]]:
    """mxward, and what watches over it."""
    inventory("it.co.za", "two.example", "own.example")
    plan = world.plan(Method.TPROXY, fast_path=True)
    command = [sys.executable, "-m", "mxward", "intercept"]
    with ExitStack() as stack:
        stack.enter_context(world.proxy(plan))
        with world.mxward:
            up = CliRunner().invoke(main, ["intercept", "up", "--config", "mxward.toml"])
            assert up.exit_code == 0, up.output
            watch = subprocess.Popen(
                [*command, "watch", "--config", "mxward.toml"], stderr=subprocess.PIPE, text=True
            )
        stack.callback(watch.communicate)
        stack.callback(watch.kill)
        yield watch


def inventory(*domains: str) -> None:
    draft = Path("localdomains.new")
    draft.write_text("".join(f"{domain}\n" for domain in domains))
    draft.rename("localdomains")


def within(seconds: float, holds: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds} seconds"
        time.sleep(0.2)


def past(world: Network) -> list[str]:
    """What the kernel's sets hold."""
    with world.mxward:
        return sorted(map(str, loaded.front_doors()))


def test_who_goes_past_follows_the_inventory(
    world: Network, watch: subprocess.Popen[str], dns: Nsd, count: Callable[[int, int], int]
) -> None:
    assert world.told(4) == world.proxied(4)
    session = world.connects(4)
    within(20, lambda: world.told(4) == world.direct(4))
    assert world.told(6) == world.direct(6)
    assert past(world) == ["198.18.1.0/28", "2001:db8:1::/64"]
    assert session.says("hello") == "hello"  # its way stays what it was
    direct = world.connects(4)
    inventory("it.co.za", "two.example", "own.example", "other.example")
    within(30, lambda: world.told(4) == world.proxied(4))
    assert world.told(6) == world.proxied(6)
    assert direct.says("hello") == session.says("hello") == "hello"
    inventory("it.co.za", "two.example")
    within(30, lambda: world.told(4) == world.direct(4))
    dns.stop()  # what cannot be looked up any more is remembered
    time.sleep(count(7, 45))
    assert world.told(4) == world.direct(4)
    for each in (session, direct):
        assert each.says("quit") == ""
        each.close()


def test_a_wildcard_shuts_the_fast_path(world: Network, watch: subprocess.Popen[str]) -> None:
    within(20, lambda: past(world) != [])
    inventory("it.co.za", "*.two.example")
    within(30, lambda: past(world) == [])
    assert world.told(4) == world.proxied(4)
    watch.terminate()
    _, said = watch.communicate(timeout=10)
    assert "fast path: 2 addresses and networks go past mxward: they are" in said
    assert "fast path: nobody goes past mxward: the inventory has wildcards" in said


def test_without_dns_nothing_changes(
    world: Network, watch: subprocess.Popen[str], dns: Nsd
) -> None:
    within(20, lambda: past(world) != [])
    before = past(world)
    watch.kill()
    watch.wait()
    dns.stop()
    again = [sys.executable, "-m", "mxward", "intercept", "watch", "--config", "mxward.toml"]
    with world.mxward:
        second = subprocess.Popen(again, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(12)  # nothing is remembered, and nothing can be asked
        assert past(world) == before
        assert world.told(4) == world.direct(4)
    finally:
        second.terminate()
        _, said = second.communicate(timeout=10)
    assert "left as it is, for the front doors of 3 of 3 domains are not known" in said
