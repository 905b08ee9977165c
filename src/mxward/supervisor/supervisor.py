"""The supervisor: holds the listening sockets, hires workers, and does what signals ask for.

One thread and no event loop: it can wait for nothing but signals, its workers' words and the time.
SIGHUP reloads, SIGTERM and SIGINT stop, SIGUSR2 goes on with the program as it is now on the disk.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mxward.supervisor.addresses import Address, change, spelled
from mxward.supervisor.deaths import Patience, how
from mxward.supervisor.duties import HEARTBEAT_LIMIT, Seen, State, duties
from mxward.supervisor.line import Line, News, Order
from mxward.supervisor.listening import BACKLOG, bind
from mxward.supervisor.signals import Signals
from mxward.supervisor.systemd import Notices
from mxward.supervisor.upgrade import Upgrade
from mxward.supervisor.worker import Post, Worker, hire

__all__ = ["UNSUITED", "Ended", "Refused", "Service", "Supervisor", "Wanted"]

CONFIGURATION = 78
"""A worker's exit code that no new start would mend (EX_CONFIG of sysexits.h)."""
_TICK = 1.0
_GOODBYE = 10.0
"""Seconds beyond the drain that a worker has for its last chores."""
UNSUITED = (
    "it was opened for other connections, diverted or not; restart mxward, "
    "or mend Transparent= in its socket unit"
)


class Refused(Exception):
    """A new configuration that cannot be put in force; the text says why, and the mend."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a configuration asks of the supervisor. `drain` is in seconds."""

    seats: int
    listen: tuple[Address, ...]
    drain: float
    bind: Callable[[str, int], socket.socket] = bind
    """How an address is taken, to listen on it. Raises OSError."""
    suits: Callable[[Address, socket.socket], bool] = lambda address, listener: True
    """Whether a listener that is there already may stay."""
    about: str = ""  # for `systemctl status`
    facts: Mapping[str, object] = field(default_factory=dict)  # for the log


class Service(Protocol):
    """What is kept running."""

    rows: int
    """How many processes there may be at once, those that are leaving included."""

    def work(self, post: Post) -> int:
        """A worker's whole life, in its own process; gives the exit code."""
        ...

    def reload(self, commit: Callable[[Wanted], None]) -> None:
        """Read the configuration anew; put it in force where `commit` does not refuse.

        Raises Refused.
        """
        ...

    def heard(self, row: int) -> float:
        """When a worker's event loop last went round, by the monotonic clock; 0 is never."""
        ...

    def clear(self, row: int) -> None:
        """The worker is gone: what it counted for all processes counts no more."""
        ...

    def tell(self, event: str, *, loud: bool = False, **fields: object) -> None:
        """Put a line into the log. Never blocks for long."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. `words` are for the user, where the configuration is to blame."""

    code: int
    words: str = ""


class Supervisor:
    """Keeps a service running. `listeners` are open already; `former` are adopted workers."""

    def __init__(
        self,
        service: Service,
        wanted: Wanted,
        listeners: Sequence[tuple[Address, socket.socket]],
        signals: Signals,
        notices: Notices,
        upgrade: Upgrade,
        former: Sequence[Worker] = (),
    ) -> None:
        self._service = service
        self._wanted = wanted
        self._listeners = dict(listeners)
        self._signals = signals
        self._notices = notices
        self._upgrade = upgrade
        self._staff: dict[int, Worker] = {worker.pid: worker for worker in former}
        self._patience: dict[int, Patience] = {}
        self._generation = 0
        self._reloading: set[int] = set()  # workers that have not answered yet
        self._announced = False
        self._took_over = False
        self._ended: Ended | None = None
        self._deadline = 0.0
        self._told_alive = 0.0

    def run(self) -> Ended:
        """Until it is asked to stop, or the configuration is found wrong."""
        while True:
            self._look_after()
            if self._ended is not None and not self._staff:
                return self._ended
            lines = [x.line for x in self._staff.values() if not x.line.gone]
            for number in self._signals.wait(lines, self._pause()):
                self._on(number)
            for worker in list(self._staff.values()):
                self._listen_to(worker)
            self._bury()

    def _on(self, number: signal.Signals) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stop(Ended(0))
        elif self._ended is None and number == signal.SIGHUP:
            self._reload()
        elif self._ended is None and number == signal.SIGUSR2:
            self._upgrade.check(list(self._listeners.values()))

    # -- workers ------------------------------------------------------------------------------

    def _look_after(self) -> None:
        now = time.monotonic()
        todo = duties(self._seen(), self._wanted.seats, self._generation, self._due(), now)
        for pid in todo.kill:
            self._service.tell("worker-hung", loud=True, worker=self._staff[pid].seat, pid=pid)
            os.kill(pid, signal.SIGKILL)
        if self._ended is not None:
            if now > self._deadline:
                for pid in self._staff:
                    os.kill(pid, signal.SIGKILL)
            return
        for seat in todo.start:
            self._hire(seat, now)
        for pid in todo.retire:
            self._staff[pid].state = State.LEAVING
            self._staff[pid].line.tell(Order.RETIRE)
        self._announce(now)

    def _hire(self, seat: int, now: float) -> None:
        taken = {worker.row for worker in self._staff.values()}
        row = next((row for row in range(self._service.rows) if row not in taken), None)
        if row is None:
            self._put_off(seat, "too many that are leaving still have sessions", now)
            return
        again = seat in self._patience
        listeners = tuple(self._listeners.values())

        def post(line: Line) -> Post:
            return Post(row, seat, again, listeners, line)

        colleagues = list(self._staff.values())
        try:
            worker = hire(
                post, self._service.work, self._generation, colleagues, self._signals, now
            )
        except OSError as why:
            self._put_off(seat, str(why.strerror), now)
            return
        self._staff[worker.pid] = worker

    def _put_off(self, seat: int, why: str, now: float) -> None:
        before = self._patience.get(seat, Patience())
        self._patience[seat] = after = before.after_death(now, 0.0)
        if after.pause > before.pause:
            self._service.tell("no-worker", loud=True, worker=seat, why=why)

    def _listen_to(self, worker: Worker) -> None:
        for news, text in worker.line.hear():
            if news == News.READY and worker.state is State.STARTING:
                worker.state = State.READY
            elif news in (News.RELOADED, News.REFUSED):
                self._reloading.discard(worker.pid)
            elif news == News.WRONG:
                self._on_wrong(worker, text)

    def _on_wrong(self, worker: Worker, words: str) -> None:
        """No start would mend it; but where an older generation serves, it goes on."""
        if any(x.generation != worker.generation for x in self._working()):
            self._service.tell("configuration", loud=True, wrong=words)
        else:
            self._stop(Ended(CONFIGURATION, words))

    def _bury(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            worker = self._staff.pop(pid, None)
            if worker is not None:
                self._miss(worker, status)
            elif self._upgrade.checked(pid, status) and self._ended is None:
                self._go_over()

    def _miss(self, worker: Worker, status: int) -> None:
        self._listen_to(worker)  # its last words
        worker.line.close()
        self._reloading.discard(worker.pid)
        if worker.row is not None:
            self._service.clear(worker.row)
        if self._ended is not None or (worker.state is State.LEAVING and not status):
            return
        now = time.monotonic()
        before = self._patience.get(worker.seat, Patience())
        after = before.after_death(now, now - worker.since)
        self._service.tell(
            "worker-died",
            loud=True,
            worker=worker.seat,
            pid=worker.pid,
            how=how(status),
            after=f"{now - worker.since:.1f}",
        )
        if worker.generation == self._generation:
            self._patience[worker.seat] = after
        never = not self._took_over and not self._working()
        if never and os.WIFEXITED(status):
            self._stop(Ended(os.WEXITSTATUS(status) or 1))

    # -- what signals ask for -----------------------------------------------------------------

    def _reload(self) -> None:
        self._notices.reloading()
        try:
            self._service.reload(self._commit)
        except Refused as why:
            self._service.tell("reload-refused", loud=True, why=why)
        else:
            self._service.tell("reload", loud=False, **self._facts())
            for worker in self._working():
                if worker.generation == self._generation:
                    self._reloading.add(worker.pid)
                    worker.line.tell(Order.RELOAD)
        self._announced = False

    def _commit(self, wanted: Wanted) -> None:
        """Open what is to be listened on in addition. Raises Refused, with nothing changed."""
        difference = change(self._listeners, wanted.listen)
        for address, listener in self._listeners.items():
            if address not in difference.go and not wanted.suits(address, listener):
                raise Refused(f"server.listen: {spelled(address)}: {UNSUITED}")
        opened: dict[Address, socket.socket] = {}
        try:
            for address in difference.come:
                opened[address] = wanted.bind(*address)
                opened[address].listen(BACKLOG)
        except OSError as why:
            for listener in opened.values():
                listener.close()
            raise Refused(f"server.listen: {spelled(address)}: {why.strerror}") from None
        self._listeners |= opened
        for address in difference.go:
            self._listeners.pop(address).close()
        self._wanted = wanted
        if difference:
            self._generation += 1
            self._patience.clear()

    def _go_over(self) -> None:
        """Become the new program. What is said to the workers, it hears."""
        self._upgrade.go(list(self._listeners.values()), list(self._staff.values()))

    def _stop(self, ended: Ended) -> None:
        if self._ended is not None:
            return
        self._ended = ended
        self._notices.stopping()
        for worker in self._staff.values():
            worker.state = State.LEAVING
            worker.line.tell(Order.STOP)
        for listener in self._listeners.values():
            listener.close()
        self._deadline = time.monotonic() + self._wanted.drain + _GOODBYE

    # -- how it stands ------------------------------------------------------------------------

    def _announce(self, now: float) -> None:
        """Tell when all workers are there; and the watchdog, while all hearts beat."""
        ready = [x for x in self._working() if x.generation == self._generation]
        ready = [x for x in ready if x.state is State.READY]
        whole = len(ready) >= self._wanted.seats and not self._reloading
        if whole and not self._announced:
            self._announced = True
            self._notices.ready(self._wanted.about)
            if not self._took_over:
                self._took_over = True
                self._service.tell("ready", loud=False, **self._facts())
        period = self._notices.watchdog
        if period and now >= self._told_alive + period / 3:
            heard = [x.heard for x in self._seen() if x.heard and x.state is not State.STARTING]
            if all(now - at < HEARTBEAT_LIMIT for at in heard):
                self._told_alive = now
                self._notices.alive()

    def _facts(self) -> dict[str, object]:
        listen = " ".join(map(spelled, self._listeners))
        return {"listen": listen, "workers": self._wanted.seats, **self._wanted.facts}

    def _working(self) -> list[Worker]:
        return [x for x in self._staff.values() if x.state is not State.LEAVING]

    def _seen(self) -> list[Seen]:
        return [
            Seen(x.pid, x.seat, x.generation, x.state, self._heard(x)) for x in self._staff.values()
        ]

    def _heard(self, worker: Worker) -> float | None:
        if worker.row is None:
            return None
        return max(worker.since, self._service.heard(worker.row))

    def _due(self) -> dict[int, float]:
        return {seat: patience.due for seat, patience in self._patience.items()}

    def _pause(self) -> float:
        now = time.monotonic()
        soonest = [due - now for due in self._due().values() if due > now]
        period = self._notices.watchdog
        return max(0.0, min([_TICK, *soonest, *([period / 3] if period else [])]))
