"""5,000 domains on 250 mail servers, each probed at its server, 50 ms for every reply.

The default politeness is switched off: all servers at once, no pause between sessions; at most
eight refusals in a session stay. A quarter of the servers know their users, a quarter take
everything, a quarter relay nothing, a quarter take mail for half of the domains. Once the replies
take 50 ms each, one after the other (which is what the target is for), and once they come from
50 ms away, where pipelining helps. The results are held against what is true of each server.
"""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import uvloop

from benchmarks.peers.slow_mail import SlowMail
from benchmarks.results import Result, Target
from benchmarks.rounds import Effort, Measured
from mxward.lookup import probing
from mxward.lookup.probing import Manners, Politeness, Prober, Progress
from mxward.networks import Networks
from mxward.smtp.probed import Answered, Probed

__all__ = ["run"]

_FIRST = {"each": "127.20.0.1", "away": "127.21.0.1"}
_REPLY = 0.05  # seconds
_IMPOLITE = Politeness(per_address=99, per_network=9_999, overall=9_999, gap=0.0)


def run(directory: Path, effort: Effort) -> Result:
    servers, domains = effort.scaled(250, 4), effort.scaled(20, 4)
    rounds = {manner: _Rounds(manner, servers, domains) for manner in _FIRST}
    with ExitStack() as stack:
        for manner, first in _FIRST.items():
            stack.enter_context(SlowMail(directory / manner, first, servers, _REPLY, manner))
        for _ in range(effort.pairs):
            for each in rounds.values():
                each.play()
    pairs = servers * domains
    each, away = rounds["each"], rounds["away"]
    rows = [
        Measured("50 ms a reply, s", each.seconds, pairs),
        Measured("50 ms away, s", away.seconds, pairs),
        Measured("CPU of the auditor, s", each.cpu, pairs),
        Measured("sessions", each.sessions, pairs),
        Measured("commands", each.commands, pairs),
    ]
    targets = [
        Target("seconds at 50 ms a reply", rows[0].median, 3),
        Target("wrong results", each.wrong + away.wrong, 0),
    ]
    return Result("probing", "domains probed at their servers", "", rows, targets)


class _Rounds:
    """What came of the rounds before servers of one manner."""

    def __init__(self, manner: str, servers: int, domains: int) -> None:
        first = ip_address(_FIRST[manner])
        names = [
            [f"d{n * domains + m}.customers.example" for m in range(domains)]
            for n in range(servers)
        ]
        self._targets = [probing.Target(first + n, 25, names[n]) for n in range(servers)]
        self._kinds = {first + n: n % 4 for n in range(servers)}
        self.seconds: list[float] = []
        self.cpu: list[float] = []
        self.sessions: list[float] = []
        self.commands: list[float] = []
        self.wrong = 0

    def play(self) -> None:
        last: list[Progress] = []
        manners = Manners("audit.provider.example", key=b"k" * 32, politeness=_IMPOLITE)
        own = Networks.of("127.0.0.0/8")
        prober = Prober(
            self._targets, own, manners, lambda: secrets.token_hex(16), lambda x: last.append(x)
        )
        begun, cpu = time.monotonic(), time.process_time()
        uvloop.run(prober.run())
        self.seconds.append(time.monotonic() - begun)
        self.cpu.append(time.process_time() - cpu)
        self.sessions.append(last[-1].sessions)
        self.commands.append(last[-1].commands)
        self.wrong += sum(not self._true(found) for found in prober.results())

    def _true(self, found: Probed) -> bool:
        kind = self._kinds[found.server]
        number = int(found.domain.partition(".")[0][1:])
        if kind == 2 or (kind == 3 and number % 2):
            return found.answered is Answered.REFUSED
        return found.answered is Answered.ACCEPTED and found.catch_all is (kind == 1)
