"""10,000 connections that said EHLO and then nothing: the proxy's resident memory for each.

They come from as many loopback addresses, since there is a limit for each client. What the kernel
keeps for a connection is not counted.
"""

from __future__ import annotations

import resource
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks import load, processes
from benchmarks.peers import Peer
from benchmarks.peers.mxward import Mxward, dns
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.sinks import small_sink
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured

LIMITS = "[limits]\nconnections = 12000\nreserved = 1000\n"
_SINK = ("192.0.2.1", 25)
_PER_HOST = 250
_DESCRIPTORS = 40_000


def run(directory: Path, effort: Effort) -> Result:
    _raise_descriptors()
    wanted = effort.scaled(10_000, 20)
    with ExitStack() as stack:
        stack.enter_context(dns(directory))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        server = Mxward(directory / "mxward", "192.0.2.10", _SINK, tables=LIMITS)
        why_not = server.why_not()
        if why_not:
            server = Mxward(directory / "mxward", "192.0.2.10", _SINK)
        nginx = Nginx(directory / "nginx", "192.0.2.12", _SINK)
        servers: dict[str, Peer] = {"mxward": server, "nginx mail + auth_http": nginx}
        for each in servers.values():
            stack.enter_context(each)
        rows = [_measure(name, each.address, each.pid, wanted) for name, each in servers.items()]
    targets = [
        Target("KiB for each connection", rows[0].median, 8),
        Target("connections let in", rows[0].sessions, wanted, at_least=True, note=why_not or ""),
    ]
    return Result("idle", "idle connections", "KiB each", rows, targets)


def _raise_descriptors() -> None:
    """For this process and, as LimitNOFILE= would, for its servers; as far as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(ValueError):  # not even root may, in some containers
        resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))


def _measure(name: str, address: str, pid: int, wanted: int) -> Measured:
    warm = load.idle(address, 25, min(wanted, 20), _source)
    for connection in warm:
        connection.close()
    time.sleep(1)
    before = processes.resident_memory(pid)
    standing = load.idle(address, 25, wanted, _source)
    time.sleep(1)
    each = (processes.resident_memory(pid) - before) / max(len(standing), 1) / 1024
    for connection in standing:
        connection.close()
    return Measured(name, [each], len(standing))


def _source(number: int) -> str:
    third, fourth = divmod(number, _PER_HOST)
    return f"127.1.{third}.{fourth + 1}"
