"""The process that watches over interception: it lifts it while the proxy does not answer, where
the configuration says so, and puts it back.

It is the only part of mxward that needs CAP_NET_ADMIN while it runs. It also loads the rules again
where another program has flushed them (`flush ruleset`, as nftables.service does), or the routing
rules (as systemd-networkd does at each start), and takes the rest away once the connections that
`down` has left under way have ended. Before `up` it does nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from mxward.intercept import loaded, nftables, switch
from mxward.intercept.kernel import KernelError
from mxward.intercept.loaded import Standing
from mxward.intercept.plan import Plan
from mxward.intercept.probe import probe
from mxward.intercept.report import Port, Report
from mxward.intercept.watchdog import Watchdog

__all__ = ["Watch"]

_EVERY = 1.0  # seconds
_LOOKED_OVER = 5  # times that between two looks at what the kernel has


class Watch:
    """Watches until it is cancelled. `tell` is given a line whenever something changes.

    `report` is where `status` finds how things stand.
    """

    def __init__(
        self,
        report: Path,
        plan: Plan,
        tell: Callable[[str], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._path = report
        self._tell = tell
        self._alive = alive
        self._watchdog = Watchdog(time.monotonic())
        self._probes: set[asyncio.Task[None]] = set()
        self._port = Port.DOWN
        self._since = time.time()
        self._trouble = ""

    async def run(self) -> None:
        """Ask, look, act, and tell, every second."""
        turn, believed = 0, True
        while True:
            self._ask()
            answers = self._watchdog.look(time.monotonic())
            if answers is not believed or turn % _LOOKED_OVER == 0:
                await asyncio.to_thread(self._act, answers)
                believed = answers
            self._report()
            self._alive()
            turn += 1
            await asyncio.sleep(_EVERY)

    def _ask(self) -> None:
        """Without waiting: what hangs must not hold up the next question."""

        async def ask() -> None:
            why_not = await probe(self._plan.listen_port)
            self._watchdog.heard(why_not, time.monotonic())

        task = asyncio.create_task(ask())
        self._probes.add(task)
        task.add_done_callback(self._probes.discard)

    def _act(self, answers: bool) -> None:
        """Bring the kernel's rules to what they should be."""
        try:
            self._becomes(self._brought(answers))
            self._trouble = ""
        except KernelError as error:  # tried again at the next look
            if str(error) != self._trouble:
                self._trouble = str(error)
                self._tell(self._trouble)

    def _brought(self, answers: bool) -> Port:
        found = loaded.read()
        if found.standing is Standing.ENDING:
            if not loaded.under_way(self._plan.listen_port):
                switch.clear()
                self._tell("the last connection has ended, and nothing is left of interception")
            return Port.DOWN
        if found.standing is Standing.DOWN:
            if not switch.routed():
                return Port.DOWN
            switch.up(self._plan)
            self._tell("another program had flushed the rules: they are loaded again")
            found = loaded.read()
        elif switch.lead(self._plan):
            self._tell("another program had removed the routing rules: they are back")
        lifted = self._plan.fails_open and not answers
        if lifted and found.standing is Standing.UP:
            switch.lift()
        elif not lifted and found.standing is Standing.LIFTED:
            self._restore(found)
        if answers:
            return Port.INTERCEPTED
        return Port.OPEN if lifted else Port.SHUT

    def _restore(self, found: loaded.Loaded) -> None:
        if found.fingerprint == nftables.fingerprint(self._plan):
            switch.restore(self._plan)
        else:
            switch.up(self._plan)

    def _becomes(self, port: Port) -> None:
        if port is not self._port:
            self._port, self._since = port, time.time()
            why = f": {self._watchdog.why}" if self._watchdog.why else ""
            self._tell(f"{port}{why}")

    def _report(self) -> None:
        why = self._trouble or self._watchdog.why if self._port is not Port.INTERCEPTED else ""
        try:
            Report(self._port, self._since, why, time.time()).write(self._path)
        except OSError as error:
            trouble = f"{self._path}: {error.strerror}"
            if trouble != self._trouble:
                self._trouble = trouble
                self._tell(trouble)
