"""One recipient asked for at Postfix, which asks policyd about it, or does not: the CPU of both.

EHLO, MAIL, RCPT, QUIT, from the front door: so RCPT is accepted either way, and nothing is sent.
10,000 domains, all known to mxward; Postfix reads the line of docs/policyd.md. The same recipients
are asked for by the back door as well: there it is refused (550) by policyd, and by a table.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.peers.mxward import BACK_DOOR, EGRESS, Mxward, dns
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, cpu_per_session, ratio
from tests.integration.policyd import RESTRICTIONS
from tests.integration.servers import Postfix, room

_DOMAINS = tuple(f"d{n}.customers.example" for n in range(10_000))
_ASKED = 1_000  # of them are asked for
_BARE, _ASKING = "192.0.2.2", "192.0.2.3"
_AT_ONCE = 20


class _Policyd(Mxward):
    """`mxward policyd`, with the configuration that the proxy has in other works."""

    def configure(self) -> list[str]:
        return ["-m", "mxward", "policyd", "--config", str(self.write())]

    def answers(self) -> bool:
        return "event=ready" in self.log


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        for address in (BACK_DOOR, EGRESS):
            room.own(address)
        stack.enter_context(dns(directory))
        policyd = _Policyd(directory / "policyd", "127.0.0.1", (_ASKING, 25), domains=_DOMAINS)
        stack.enter_context(policyd)
        bare = _postfix(directory / "bare", _BARE, "")
        asking = _postfix(directory / "asking", _ASKING, RESTRICTIONS)
        for server in (bare, asking):
            stack.enter_context(server)
        both = (asking.pid, policyd.pid)
        contenders = [
            Contender("Postfix, no rules", (bare.pid,), _asks(_BARE)),
            Contender("Postfix and policyd", both, _asks(_ASKING)),
            Contender("the same, refused", both, _asks(_ASKING, BACK_DOOR)),
        ]
        rows = cpu_per_session(contenders, effort)
    target = Target("CPU of both against no rules", ratio(rows[1], rows[0]), 1.35)
    return Result("policyd", "one RCPT", "us of CPU per session", rows, [target])


def _postfix(directory: Path, address: str, restrictions: str) -> Postfix:
    settings = f"virtual_mailbox_maps = static:all\n{restrictions}"
    return Postfix(directory, address, 25, domains=_DOMAINS, settings=settings)


def _asks(address: str, source: str = EGRESS) -> Callable[[int], float]:
    def session(number: int) -> load.Session:
        domain = _DOMAINS[number * 7919 % len(_DOMAINS) % _ASKED]
        return load.Session(f"user@{domain}", source=source, asks=source == EGRESS)

    return lambda number: load.send(address, 25, session, number, _AT_ONCE)
