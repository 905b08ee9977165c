"""Messages of 10 MB, a few at once, each on a connection of its own: megabytes a second.

The check for stray CR and LF is on, as it always is. `direct` is the load client on the sink
itself: what the two could do if there were no proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.peers import Peer
from benchmarks.peers.haproxy import HAProxy
from benchmarks.peers.mxward import DOMAINS, Mxward, dns
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.postfix import PostfixFilter
from benchmarks.peers.sinks import FastSink
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, ratio, throughput

AT_ONCE = 4
_SINK = ("192.0.2.1", 25)


def run(directory: Path, effort: Effort) -> Result:
    size, number = effort.scaled(10_000_000, 100_000), effort.scaled(40, 4)
    with ExitStack() as stack:
        stack.enter_context(dns(directory))
        sink = stack.enter_context(FastSink(directory / "sink", *_SINK))
        servers: dict[str, Peer] = {
            "mxward": Mxward(directory / "mxward", "192.0.2.10", _SINK),
            "HAProxy, TCP": HAProxy(directory / "haproxy", "192.0.2.21", _SINK),
            "nginx mail + auth_http": Nginx(directory / "nginx", "192.0.2.22", _SINK),
            "Postfix, proxy filter": PostfixFilter(directory / "postfix", "192.0.2.23", _SINK),
        }
        for server in servers.values():
            stack.enter_context(server)
        addresses = {name: (server.address, server.pid) for name, server in servers.items()}
        addresses["direct"] = (sink.address, sink.pid)
        contenders = [
            Contender(name, (pid,), sends(address, size))
            for name, (address, pid) in addresses.items()
        ]
        rows = throughput(contenders, effort.pairs, number, size)
    target = Target("throughput against HAProxy", ratio(rows[0], rows[1]), 0.8, at_least=True)
    direct = rows[-1].median
    sink_target = Target("the sink by itself, MB/s", direct, 1000, at_least=True)
    return Result("large", "10 MB messages", "MB/s", rows, [target, sink_target])


def sends(address: str, size: int) -> Callable[[int], float]:
    """What sends so many messages to a server there, and returns the seconds it took."""
    session = load.Session(f"user@{DOMAINS[0]}", size)
    return lambda number: load.send(address, 25, lambda _: session, number, AT_ONCE)
