"""A scanner's mail through a gateway: by mxward, past it by the kernel's fast path, and to a port
that is not intercepted at all. What is measured is mxward alone: what it costs, whom it lets in.

client  --- wan [mxward] lan ---  mail server      (three network namespaces)

The same messages of 4 KB go all three ways. What mxward uses while mail goes to the port that is
not intercepted is what it uses when there is nothing to do; the fast path must not add to that.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from benchmarks import load
from benchmarks.peers.gateway import BY_PROXY, FAST, Gateway
from benchmarks.peers.mxward import DOMAINS, dns
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, Measured, cpu_per_session
from mxward.config import Layout, Method
from mxward.intercept import switch
from tests.integration.hosts import nft
from tests.integration.layouts import Network, wired
from tests.integration.servers import SmtpSink

__all__ = ["run"]

_AT_ONCE = 20
_SIZE = 4096
_RECIPIENTS = 1000
_INTERCEPTED, _LEFT_ALONE = 25, 26  # the mail server's ports


def run(directory: Path, effort: Effort) -> Result:
    with wired(Layout.GATEWAY) as world, _standing(world, directory) as mxward:
        ways = {
            "intercepted": _Way(world, mxward, BY_PROXY, _INTERCEPTED),
            "fast path": _Way(world, mxward, FAST, _INTERCEPTED),
            "not intercepted": _Way(world, mxward, BY_PROXY, _LEFT_ALONE),
        }
        contenders = [Contender(name, (mxward.pid,), way.send) for name, way in ways.items()]
        rows = cpu_per_session(contenders, effort)
        number = effort.scaled(2_000, 20)
        let_in = [
            Measured(f"{name}, let in by mxward", [ways[name].let_in(number)], number)
            for name in ("intercepted", "fast path")
        ]
    added = map(float.__sub__, rows[1].values, rows[2].values)
    targets = [
        Target("CPU that a fast-path session adds, us", max(0.0, statistics.median(added)), 1),
        Target("fast-path sessions that mxward let in", let_in[1].median, 0),
        Target("intercepted ones, of all", let_in[0].median, 1, at_least=True),
    ]
    unit = "us of CPU per session, or share"
    return Result("fast-path", "4 KB through a gateway", unit, [*rows, *let_in], targets)


@dataclass
class _Way:
    """The scanner's mail from one of its addresses to a port of the mail server."""

    world: Network
    mxward: Gateway
    source: str
    port: int

    def send(self, number: int) -> float:
        with self.world.client:
            return load.send(self.world.addresses[4], self.port, self._session, number, _AT_ONCE)

    def let_in(self, number: int) -> float:
        """The share of so many sessions that mxward let in, by its own count."""
        with self.world.mxward:
            before = self.mxward.connections()
        self.send(number)
        with self.world.mxward:
            return (self.mxward.connections() - before) / number

    def _session(self, number: int) -> load.Session:
        return load.Session(f"user@{DOMAINS[number % _RECIPIENTS]}", _SIZE, self.source)


@contextmanager
def _standing(world: Network, directory: Path) -> Iterator[Gateway]:
    """The mail server, mxward, and its rules in the kernel."""
    server = world.addresses[4]
    with ExitStack() as stack:
        stack.callback(os.environ.update, PATH=os.environ["PATH"])
        os.environ["PATH"] = f"{nft(directory)}:{os.environ['PATH']}"
        world.client.owns("eth0", f"{FAST}/24", f"{BY_PROXY}/24")
        with world.server:
            for port in (_INTERCEPTED, _LEFT_ALONE):
                options = ["-m", "1000"]
                sink = SmtpSink(directory / f"sink{port}", server, port, options=options)
                stack.enter_context(sink)
        with world.mxward:
            stack.enter_context(dns(directory))
            mxward = stack.enter_context(Gateway(directory / "mxward", server))
            plan = world.plan(Method.TPROXY, servers=[server], ports=[_INTERCEPTED], fast_path=True)
            switch.up(plan)
            switch.bypass([ip_address(FAST)])
        yield mxward
