"""The packet filter as an operator has it: by the steps of the README, and from the DNS on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mxward.cli import main
from mxward.config import Layout
from mxward.lockdown.nftables import FILE, TABLE, Filter, write
from mxward.networks import network
from tests.deploy.test_units import systemd
from tests.integration import hosts
from tests.integration.filtered import (
    TRUSTED,
    WELCOME,
    filtered,
    greeted,
    hears,
    load,
    wanted,
)
from tests.integration.layouts import Network
from tests.integration.servers import Nsd
from tests.lockdown.plans import group, planned

pytestmark = pytest.mark.real

both_layouts = pytest.mark.parametrize("layout", [Layout.GATEWAY, Layout.HOST])


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")


@pytest.fixture(name="world")
def _world(layout: Layout) -> Iterator[Network]:
    with filtered(layout) as world:
        yield world


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
