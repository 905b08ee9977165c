"""100 clients that send 100 MB each at once: how much the proxy's resident memory grows.

The kernel keeps the highest resident set of a process (VmHWM), so no peak is missed.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load, processes
from benchmarks.peers import Peer
from benchmarks.peers.haproxy import HAProxy
from benchmarks.peers.mxward import DOMAINS, Mxward, dns
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.sinks import FastSink
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured

_SINK = ("192.0.2.1", 25)


def run(directory: Path, effort: Effort) -> Result:
    clients, size = effort.scaled(100, 10), effort.scaled(100_000_000, 100_000)
    with ExitStack() as stack:
        stack.enter_context(dns(directory))
        stack.enter_context(FastSink(directory / "sink", *_SINK))
        servers: dict[str, Peer] = {
            "mxward": Mxward(directory / "mxward", "192.0.2.10", _SINK),
            "HAProxy, TCP": HAProxy(directory / "haproxy", "192.0.2.21", _SINK),
            "nginx mail + auth_http": Nginx(directory / "nginx", "192.0.2.22", _SINK),
        }
        for server in servers.values():
            stack.enter_context(server)
        rows = [
            Measured(name, [_grown(server.address, server.pid, clients, size)], clients)
            for name, server in servers.items()
        ]
    target = Target(f"MB grown by {clients} messages of {size // 10**6} MB", rows[0].median, 64)
    return Result("memory", "100 x 100 MB at once", "MB grown", rows, [target])


def _grown(address: str, pid: int, clients: int, size: int) -> float:
    session = load.Session(f"user@{DOMAINS[0]}", size)
    load.send(address, 25, lambda _: load.Session(session.recipient, 4096), 20, 5)  # to warm it up
    time.sleep(0.5)
    before = processes.resident_memory(pid)
    processes.forget_peak(pid)
    load.send(address, 25, lambda _: session, clients, clients)
    return (processes.peak_memory(pid) - before) / 1e6
