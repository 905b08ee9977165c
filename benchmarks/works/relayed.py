"""A message of 4 KB, one on each connection, from smtp-source to smtp-sink."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers import Peer
from benchmarks.peers.aiosmtpd import Aiosmtpd
from benchmarks.peers.haproxy import HAProxy
from benchmarks.peers.mxward import DOMAINS, Mxward, dns
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.postfix import PostfixFilter
from benchmarks.peers.sinks import small_sink
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, Measured, cpu_per_session, ratio
from tests.integration.servers import ServerError, smtp_source

AT_ONCE = 20
SIZE = 4096
POOLED = 'identity = "xclient"\npool = 20\n'
_SINK = ("192.0.2.1", 25)


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        stack.enter_context(dns(directory))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        plain = Mxward(directory / "mxward", "192.0.2.10", _SINK)
        pooled = Mxward(directory / "pooled", "192.0.2.11", _SINK, server=POOLED)
        why_not = pooled.why_not()
        servers: dict[str, Peer] = {
            "mxward": plain,
            "HAProxy, TCP": HAProxy(directory / "haproxy", "192.0.2.21", _SINK),
            "nginx mail + auth_http": Nginx(directory / "nginx", "192.0.2.22", _SINK),
            "Postfix, proxy filter": PostfixFilter(directory / "postfix", "192.0.2.23", _SINK),
            "aiosmtpd, Proxy": Aiosmtpd(directory / "aiosmtpd", "192.0.2.25", _SINK),
        }
        if why_not is None:
            servers["mxward, xclient and pool"] = pooled
        for server in servers.values():
            stack.enter_context(server)
        contenders = [
            Contender(name, (server.pid,), sends(server.address))
            for name, server in servers.items()
        ]
        rows = cpu_per_session(contenders, effort)
    by_name = {row.name: row for row in rows}
    return Result(
        "relayed", "4 KB relayed", "us of CPU per session", rows, _targets(by_name, why_not)
    )


def sends(address: str) -> Callable[[int], float]:
    """What sends so many messages to a server there, and returns the seconds it took."""

    def send(number: int) -> float:
        begun = time.monotonic()
        recipient = f"user@{DOMAINS[0]}"
        done = smtp_source(
            address, recipient, messages=number, sessions=min(number, AT_ONCE), length=SIZE
        )
        if done.code:
            raise ServerError(f"smtp-source: {done.transcript}")
        return time.monotonic() - begun

    return send


def _targets(rows: dict[str, Measured], why_not: str | None) -> list[Target]:
    theirs = rows["HAProxy, TCP"]
    pooled = rows.get("mxward, xclient and pool")
    return [
        Target("CPU against HAProxy", ratio(rows["mxward"], theirs), 1.4),
        Target(
            "CPU against HAProxy, with xclient and pool",
            ratio(pooled, theirs) if pooled else None,
            0.85,
            note=why_not or "",
        ),
    ]
