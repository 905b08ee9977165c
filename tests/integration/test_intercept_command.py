"""`mxward intercept` as an operator types it, on machines of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mxward.cli import main
from mxward.config import Layout, Method
from mxward.intercept import switch
from mxward.intercept.plan import Plan
from tests.integration import hosts
from tests.integration.layouts import Network, network

pytestmark = pytest.mark.real
both_methods = pytest.mark.parametrize("method", list(Method))

CONFIG = """\
[server]
identity = "transparent"
[inventory]
files = ["localdomains"]
[tls]
hide_starttls = true
[intercept]
layout = "{layout}"
method = "{method}"
interfaces = ["wan"]
servers = ["198.18.2.25", "2001:db8:2::25"]
ports = [25, 587]
fail = "{fail}"
state = "run/intercept.json"
"""


@pytest.fixture(autouse=True)
def _nft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{hosts.nft(tmp_path)}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="world")
def _world() -> Iterator[Network]:
    with network(Layout.GATEWAY) as world:
        yield world


@dataclass(frozen=True)
class Operator:
    """Who types commands at mxward's machine, in a folder with the configuration."""

    world: Network
    plan: Plan

    def types(self, words: str) -> Result:
        with self.world.mxward:
            result = CliRunner().invoke(
                main, ["intercept", *words.split(), "--config", "mxward.toml"]
            )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def reads(self, words: str) -> str:
        result = self.types(words)
        assert result.exit_code == 0, result.output
        return result.output

    def status(self) -> Any:
        return json.loads(self.reads("status --json"))

    @contextmanager
    def watching(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "mxward", "intercept", "watch", "--config", "mxward.toml"]
        with self.world.mxward:
            watch = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            within(20, lambda: self.status()["watchdog"])
            yield watch
            watch.terminate()
            assert watch.wait(10) == 0
        finally:
            watch.kill()
            watch.communicate()


def operator(
    world: Network, method: Method = Method.TPROXY, fail: str = "closed", layout: str = "gateway"
) -> Operator:
    text = CONFIG.format(method=method, fail=fail, layout=layout)
    if layout == "none":
        text = text.replace('"transparent"', '"proxy-v2"\nupstream = "198.18.2.25:25"')
    Path("mxward.toml").write_text(text)
    return Operator(world, world.plan(method, fail=fail))


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """How long it takes until something holds: no more than `seconds`."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not within {seconds} seconds"
        time.sleep(0.05)
    return time.monotonic() - begun


# -- up, down, status, show -------------------------------------------------------------------


def test_up_and_down(world: Network) -> None:
    at = operator(world)
    with world.proxy(at.plan):
        assert at.reads("up") == (
            "intercepting ports 25, 587 of 198.18.2.25, 2001:db8:2::25 (behind this machine) "
            "from wan by tproxy\n"
        )
        assert world.told(4) == world.proxied(4)
        assert at.reads("status") == (
            "wanted    ports 25, 587 of 198.18.2.25, 2001:db8:2::25 (behind this machine) from wan "
            "by tproxy\n"
            "rules     loaded, as the configuration wants them\n"
            "proxy     answers\n"
            "new       intercepted\n"
            "watchdog  none runs: nobody would notice that mxward hangs\n"
            "counted   1 taken  0 refused\n"
            "under way 0 ends of connections\n"
        )
        assert at.reads("down").splitlines()[-1] == (
            "nothing is intercepted any more, and all rules and routes are gone"
        )
        assert world.told(4) == world.direct(4)
    assert at.reads("down") == "nothing is intercepted\n"
    status = at.status()
    assert (status["rules"], status["as_configured"], status["routes"]) == ("down", False, False)


def test_what_may_keep_it_from_working_is_told(world: Network) -> None:
    at = operator(world)
    world.mxward.sysctl("net.ipv4.ip_forward", 0)
    world.mxward.ip("link set wan down")
    world.mxward.ip("link set wan name elsewhere")
    assert at.reads("up").splitlines()[1:] == [
        "mxward: there is no interface wan at the moment; `ip link` shows what there is",
        "mxward: net.ipv4.ip_forward is 0, so nothing goes through this machine; set it to 1",
        "mxward: mxward does not answer (nobody listens on port 2525): "
        "clients are refused until it does",
    ]
    status = at.status()
    assert (status["port"], status["proxy_silent_because"]) == (
        "shut",
        "nobody listens on port 2525",
    )


def test_a_session_under_way_outlives_down(world: Network) -> None:
    at = operator(world)
    with world.proxy(at.plan):
        at.types("up")
        session = world.connects(4)
        assert at.reads("down --wait 0.5").splitlines() == [
            "nothing is intercepted any more",
            "mxward: 2 ends of connections are under way, and their rules and routes stay; "
            "`mxward intercept down` takes them away later, with --now at once",
        ]
        assert session.says("still there") == "still there"
        assert at.status()["rules"] == "ending"
        assert world.told(4) == world.direct(4)
        at.types("up")
        assert world.told(4) == world.proxied(4)
        assert session.says("and now") == "and now"
        at.types("down --wait 0")
        Path("mxward.toml").write_text("broken")
        assert at.types("down").exit_code == 78
        assert "gone" in at.reads("down --now")
        session.close()
    assert world.mxward.run("nft", "list", "ruleset") == ""


def test_nothing_to_intercept(world: Network) -> None:
    at = operator(world)
    at.types("up")
    at = operator(world, layout="none")
    nothing = 'intercept.layout is "none": there is nothing to intercept\n'
    assert at.reads("up") == (
        f"{nothing}mxward: rules of another configuration are loaded: `mxward intercept down`\n"
    )
    assert at.status()["as_configured"] is False
    at.types("down --now")
    assert at.status()["as_configured"] is True
    for command in ("up", "show"):
        assert at.reads(command) == nothing
    watch = at.types("watch")  # no service is to be started again and again for that
    assert (watch.exit_code, watch.output) == (
        78,
        f"mxward: mxward.toml:8: {nothing.strip()}, nor to watch\n",
    )


@both_methods
def test_what_is_shown_is_what_is_loaded(world: Network, method: Method) -> None:
    at = operator(world, method)
    shown = at.reads("show")
    assert world.mxward.run("nft", "list", "ruleset") == ""
    rules, _, commands = shown.partition("# for a shell\n")
    world.mxward.run("nft", "-f", "-", given=rules)
    world.mxward.run("sh", "-ec", commands)
    status = at.status()
    assert (status["rules"], status["as_configured"]) == ("up", True)
    world.mxward.ip("rule del pref 28024")
    assert at.status()["as_configured"] is False
    assert "routes are missing; `mxward intercept up`" in at.reads("status")


def test_who_may_not_is_told_so(world: Network) -> None:
    operator(world)
    command = [sys.executable, "-m", "mxward", "intercept", "up", "--config", "mxward.toml"]
    with world.mxward:
        done = subprocess.run(
            ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *command],
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("not permitted; run it as root, or with CAP_NET_ADMIN\n")


def test_cap_net_admin_is_enough(world: Network) -> None:
    at = operator(world)
    command = [sys.executable, "-m", "mxward", "intercept", "up", "--config", "mxward.toml"]
    only = ["setpriv", "--bounding-set", "-all,+net_admin", "--inh-caps", "-all,+net_admin"]
    with world.mxward:
        done = subprocess.run([*only, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert at.status()["as_configured"] is True


# -- watch ------------------------------------------------------------------------------------


@both_methods
def test_a_proxy_that_hangs_is_passed_by_until_it_answers(world: Network, method: Method) -> None:
    at = operator(world, method, fail="open")
    at.types("up")
    with world.proxy(at.plan) as proxy, at.watching():
        assert world.told(4) == world.proxied(4)
        session = world.connects(4)
        proxy.greeting = ""
        assert within(5, lambda: world.told(4) == world.direct(4)) > 1.5
        status = at.status()
        assert (status["port"], status["why"], status["as_configured"]) == (
            "open",
            "no greeting within 2 seconds",
            True,
        )
        assert abs(status["since"] - time.time()) < 3
        assert "open: connections go straight to the mail server, for " in at.reads("status")
        assert session.says("still there") == "still there"
        proxy.greeting = "421 too many connections"  # being full is not being hung
        within(6, lambda: world.told(4) == world.proxied(4))
        assert at.status()["port"] == "intercepted"
        assert session.says("and now") == "and now"
        session.close()


@both_methods
def test_a_proxy_that_is_gone_is_passed_by(world: Network, method: Method) -> None:
    at = operator(world, method, fail="open")
    at.types("up")
    with at.watching():
        with world.proxy(at.plan):
            within(10, lambda: at.status()["port"] == "intercepted")
            assert world.told(6) == world.proxied(6)
        within(5, lambda: world.told(6) == world.direct(6))
        within(5, lambda: at.status()["port"] == "open")
        assert at.status()["why"] == "nobody listens on port 2525"


def test_closed_stays_closed(world: Network) -> None:
    at = operator(world, fail="closed")
    at.types("up")
    with at.watching():
        within(10, lambda: at.status()["port"] == "shut")
        assert world.told(4) == "refused"
        assert at.status()["why"] == "nobody listens on port 2525"
        with world.proxy(at.plan):
            within(8, lambda: at.status()["port"] == "intercepted")
            assert world.told(4) == world.proxied(4)


def test_rules_that_were_flushed_come_back_and_the_last_is_taken_away(world: Network) -> None:
    at = operator(world)
    with world.proxy(at.plan), at.watching() as watch:
        assert at.status()["port"] == "down"  # before `up` it does nothing
        at.types("up")
        within(8, lambda: at.status()["port"] == "intercepted")
        world.mxward.run("nft", "flush", "ruleset")
        within(8, lambda: world.told(4) == world.proxied(4))
        session = world.connects(4)
        at.types("down --wait 0")
        assert session.says("still there") == "still there"
        within(8, lambda: at.status()["port"] == "down")
        assert at.status()["rules"] == "ending"
        session.close()
        within(8, lambda: at.status()["rules"] == "down")
        with world.mxward:
            assert not switch.routed()
        watch.terminate()
        assert watch.stderr
        assert [line.removeprefix("mxward: ") for line in watch.stderr.read().splitlines()] == [
            "intercepted",
            "another program had flushed the rules: they are loaded again",
            "down",
            "the last connection has ended, and nothing is left of interception",
        ]


def test_routing_rules_that_were_removed_come_back(world: Network) -> None:
    at = operator(world)
    with world.proxy(at.plan), at.watching() as watch:
        at.types("up")
        within(8, lambda: at.status()["port"] == "intercepted")
        session = world.connects(4)
        for version in (4, 6):
            world.mxward.ip(f"-{version} rule del pref 28024")
            world.mxward.ip(f"-{version} route flush table 28024")
        assert at.status()["routes"] is False
        within(8, lambda: at.status()["routes"])
        for version in (4, 6):
            assert world.told(version) == world.proxied(version)
        assert session.says("still there") == "still there"
        session.close()
        watch.terminate()
        assert watch.stderr
        assert "had removed the routing rules: they are back\n" in watch.stderr.read()
