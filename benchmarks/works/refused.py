"""A session that is refused at RCPT: EHLO, MAIL, RCPT, 550, QUIT."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.peers import Peer
from benchmarks.peers.aiosmtpd import Aiosmtpd
from benchmarks.peers.exim import EximRefusing
from benchmarks.peers.mxward import BACK_DOOR, DOMAINS, Mxward, dns
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.postfix import PostfixRefusing
from benchmarks.peers.sinks import small_sink
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, cpu_per_session, ratio
from tests.integration.servers import room

AT_ONCE = 20
_SINK = ("192.0.2.1", 25)
_RECIPIENTS = 1000  # so many domains are asked for


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        room.own(BACK_DOOR)
        stack.enter_context(dns(directory))
        stack.enter_context(small_sink(directory / "sink", _SINK[0]))
        servers: dict[str, Peer] = {
            "mxward": Mxward(directory / "mxward", "192.0.2.10", _SINK),
            "nginx mail + auth_http": Nginx(directory / "nginx", "192.0.2.12", _SINK, refuse=True),
            "Postfix, access table": PostfixRefusing(directory / "postfix", "192.0.2.13"),
            "Exim, ACL": EximRefusing(directory / "exim", "192.0.2.14"),
            "aiosmtpd, handler": Aiosmtpd(directory / "aiosmtpd", "192.0.2.15"),
        }
        for server in servers.values():
            stack.enter_context(server)
        contenders = [
            Contender(name, (server.pid,), load=_load(server.address))
            for name, server in servers.items()
        ]
        rows = cpu_per_session(contenders, effort)
    target = Target("CPU against nginx mail + auth_http", ratio(rows[0], rows[1]), 0.75)
    return Result("refused", "refused at RCPT", "us of CPU per session", rows, [target])


def _load(address: str) -> Callable[[int], float]:
    def send(number: int) -> float:
        return load.send(address, 25, _session, number, AT_ONCE)

    return send


def _session(number: int) -> load.Session:
    return load.Session(f"user@{DOMAINS[number % _RECIPIENTS]}", source=BACK_DOOR)
