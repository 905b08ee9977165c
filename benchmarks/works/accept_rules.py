"""One recipient asked for at Postfix and at Exim, with the rules of `mxward lockdown` and without.

EHLO, MAIL, RCPT, QUIT, from the front door, to one of 10,000 domains behind three scanners: so RCPT
is accepted either way, after all look-ups, and nothing is sent. A third Exim does what operators do
today: it starts two programs for each RCPT, in place of `host -t MX` and `host -t PTR`. Here they
are true(1), the cheapest there is, and ask nobody: with host(1) it costs more.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path

from benchmarks import load
from benchmarks.peers.mxward import EGRESS
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, cpu_per_session, ratio
from mxward.lockdown import exim, postfix
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from tests.integration.servers import Exim, Postfix, Server, room

_DOMAINS = tuple(f"d{n}.customers.example" for n in range(10_000))
_SCANNERS = ("clean", "shield", "wash")
_INSTALLED = "/srv/mxward"
_AT_ONCE = 20
_ACCEPT = "  accept  domains = *.customers.example\n"
_TWO_FORKS = """\
  defer   condition = ${run{/bin/true -t MX x}{no}{yes}}
  defer   condition = ${run{/bin/true -t PTR x}{no}{yes}}
"""


class _Postfix(Postfix):
    """With rules, where there are any."""

    rules: Mapping[str, str | bytes] = {}

    def configure(self) -> list[str]:
        command = super().configure()
        if self.rules:
            _put(self.directory, self.rules)
            postmap = ["/opt/usr/sbin/postmap", "-c", "/srv", f"hash:{_INSTALLED}/domains"]
            subprocess.run(room.command(postmap, self.directory), check=True, capture_output=True)
        return command


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        room.own(EGRESS)
        servers = {
            "Postfix, no rules": _postfix(directory / "bare-postfix", "192.0.2.2", {}),
            "Postfix, accept rules": _postfix(
                directory / "postfix", "192.0.2.3", postfix.write(_groups(), _INSTALLED).files
            ),
            "Exim, no rules": _exim(directory / "bare-exim", "192.0.2.4", ""),
            "Exim, accept rules": _exim(
                directory / "exim", "192.0.2.5", f"  .include {_INSTALLED}/{exim.ACL}\n"
            ),
            "Exim, two programs each RCPT": _exim(directory / "forks", "192.0.2.6", _TWO_FORKS),
        }
        contenders = []
        for name, server in servers.items():
            stack.enter_context(server)
            contenders.append(Contender(name, (server.pid,), _asks(server.address)))
        rows = cpu_per_session(contenders, effort)
    targets = [
        Target("CPU of Postfix against no rules", ratio(rows[1], rows[0]), 1.10),
        Target("CPU of Exim against no rules", ratio(rows[3], rows[2]), 1.10),
        Target(
            "two programs each RCPT against accept rules",
            ratio(rows[4], rows[3]),
            1.0,
            at_least=True,
        ),
    ]
    return Result("accept-rules", "one RCPT", "us of CPU per session", rows, targets)


def _groups() -> list[Group]:
    """Each scanner has forty networks, and the client's is the last."""
    groups = []
    for number, name in enumerate(_SCANNERS):
        nets = [ip_network(f"100.{64 + number}.{n}.0/26") for n in range(40)]
        domains = dict.fromkeys(_DOMAINS[number :: len(_SCANNERS)], Verdict.DENY)
        welcome = (*nets, ip_network(EGRESS))
        groups.append(Group(f"via_{name}", (name,), (), welcome, (), domains))
    return groups


def _postfix(directory: Path, address: str, rules: Mapping[str, str | bytes]) -> Server:
    settings = "virtual_mailbox_maps = static:all\n"
    if rules:
        part = str(rules["main.cf.part"])
        classes = " ".join(line.partition(" ")[0] for line in part.splitlines())
        settings += f"{part}smtpd_restriction_classes = {classes}\n"
        settings += "smtpd_recipient_restrictions = permit_sasl_authenticated, mxward\n"
    server = _Postfix(directory, address, domains=_DOMAINS, settings=settings)
    server.rules = rules
    return server


def _exim(directory: Path, address: str, statements: str) -> Server:
    """Without a list of its domains, in which it would search for longer than for anything else."""
    server = Exim(directory, address)
    server.rcpt = statements + _ACCEPT
    if ".include" in statements:
        _put(directory, exim.write(_groups(), _INSTALLED).files)
    return server


def _put(directory: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = directory / "mxward" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _asks(address: str) -> Callable[[int], float]:
    def session(number: int) -> load.Session:
        domain = _DOMAINS[number * 7919 % len(_DOMAINS)]
        return load.Session(f"user@{domain}", source=EGRESS, asks=True)

    return lambda number: load.send(address, 25, session, number, _AT_ONCE)
