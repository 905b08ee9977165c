"""What one worker of `mxward serve` does: this is where store, look-ups and sockets meet."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from weakref import ref

import uvloop

from mxward import metrics
from mxward.cli.chores import Chores, tell
from mxward.cli.in_force import InForce, Lasting, Swap, follow, put_together, safe
from mxward.cli.loaded import Loaded, workers
from mxward.cli.opened import open_store
from mxward.cli.storing import Storing
from mxward.config import ConfigError, Problem
from mxward.metrics import EventCounts, Row
from mxward.metrics.onward import Onward
from mxward.model import Stored
from mxward.proxy.census import Seat
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.gauges import Gauges
from mxward.proxy.learning import learn, watch
from mxward.proxy.output import Output
from mxward.proxy.recent import Recent
from mxward.proxy.server import Ending, serve
from mxward.smtp.rerouting import Mark
from mxward.store.recollection import Recollection
from mxward.supervisor.line import News, Order
from mxward.supervisor.worker import Post

__all__ = ["CONFIGURATION", "work"]

CONFIGURATION = 78
_HEAD_START = 2.0
"""Seconds to learn what the mail server offers, and the scanners' egress, before any client."""
_FINDINGS = 60.0
"""Seconds between two looks at what waits for the operator's word."""
_BEAT = 1.0
"""Seconds between two heartbeats."""


def work(
    post: Post,
    path: Path,
    loaded: Loaded,
    census: Seat,
    row: Row,
    answer: Callable[[], Callable[[], None]],
) -> int:
    """Serve until told to end; gives the exit code. `answer` begins to answer for the
    metrics, and gives the way to end it.
    """
    if post.again:  # what was read for the one before may have changed
        loaded = replace(loaded, reading=loaded.inventory.read())
    try:
        uvloop.run(_Worker.life(post, path, loaded, census, row, answer))
    except ConfigError as error:
        post.line.tell(News.WRONG, "\n".join(map(str, error.problems)))
        return CONFIGURATION
    return 0


class _Worker:
    """To be made on its event loop."""

    @classmethod
    async def life(
        cls,
        post: Post,
        path: Path,
        loaded: Loaded,
        census: Seat,
        row: Row,
        answer: Callable[[], Callable[[], None]],
    ) -> None:
        await cls(post, path, loaded, census, row, answer).serve()

    def __init__(
        self,
        post: Post,
        path: Path,
        loaded: Loaded,
        census: Seat,
        row: Row,
        answer: Callable[[], Callable[[], None]],
    ) -> None:
        self._post = post
        self._first = post.seat == 0  # tells what all of them would tell, and tidies up
        self._loop = asyncio.get_running_loop()
        self._row = row
        self._answer = answer
        self._answer_no_more: Callable[[], None] = lambda: None
        self._ending = Ending()
        self._background: set[asyncio.Task[None]] = set()
        self._wrong: ConfigError | None = None
        self._offers_starttls: dict[str, bool] = {}  # by mail server
        self._eventlog = EventLog(
            Output(sys.stdout.fileno()), loaded.config.log.format, observe=EventCounts(row)
        )
        self._tell_about(loaded)
        opened = open_store(loaded.config, loaded.reading.domains, self._loud, tidy=self._first)
        memory = opened.memory if opened else Recollection()
        recent = Recent()
        self._lasting = Lasting(
            row,
            census,
            Onward(row, time.monotonic),
            self._eventlog,
            memory,
            opened is None,
            Mark(opened.store.mark_key() if opened else os.urandom(32)),
            recent,
            safe(loaded.config, opened.hearing.word) if opened else Stored(),
        )
        self._deciders: tuple[ref[Decider], ...] = ()  # sessions go on by former ones
        self._put_in_force(put_together(loaded, self._lasting, None))
        self._chores = Chores(
            path,
            Storing(
                opened,
                recent,
                self._current,
                self._all_deciders,
                lambda swaps: self._loop.call_soon_threadsafe(self._heard, swaps),
                self._loud,
                speaks=self._first,
            ),
            self._current,
            self._reloaded,
            self._loud,
            Gauges(row, memory),
            speaks=self._first,
        )

    def _current(self) -> InForce:
        return self._in_force

    def _all_deciders(self) -> list[Decider]:
        """For any thread."""
        return [decider for each in self._deciders if (decider := each()) is not None]

    def _loud(self, event: str, **fields: object) -> None:
        self._eventlog.put(time.time(), event, {"level": "loud", **fields})

    def _tell_about(self, loaded: Loaded) -> None:
        if self._first:
            for warning in loaded.config.warnings:
                self._loud("configuration", warning=warning)
            tell(loaded.reading, self._loud)

    # -- what is in force ---------------------------------------------------------------------

    def _put_in_force(self, in_force: InForce) -> None:
        self._in_force = in_force
        self._deciders = (*(each for each in self._deciders if each()), ref(in_force.decider))

    def _heard(self, swaps: Sequence[Swap]) -> None:
        """The operator has said something; where rules are others meanwhile, it is heard again."""
        in_force = follow(self._in_force, swaps, self._lasting)
        if in_force is not self._in_force:
            self._put_in_force(in_force)
        rules = in_force.decider.rules
        said = {"trusted": len(rules.stored.trust), "stages": len(rules.stages_set)}
        self._eventlog.put(time.time(), "word", {"worker": self._post.seat, **said})

    def _reloaded(self, loaded: Loaded | ConfigError) -> None:
        """What was asked for by a reload has been read."""
        try:
            if isinstance(loaded, ConfigError):
                raise loaded
            offers = self._offers_starttls.get(str(loaded.upstream), False)
            if offers and _would_hide_starttls(loaded):
                raise _hidden(loaded)
            former = self._in_force
            self._put_in_force(put_together(loaded, self._lasting, former))
        except ConfigError as error:
            self._loud("reload-refused", worker=self._post.seat, why=error)
            self._post.line.tell(News.REFUSED)
            return
        if former.shared.pool is not self._in_force.shared.pool:
            former.shared.pool.close()
        self._tell_about(loaded)
        if former.loaded.upstream != loaded.upstream:
            self._start(self._learn())
        self._post.line.tell(News.RELOADED)

    # -- serving ------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Until it is told to end. Raises ConfigError where clients would lose STARTTLS."""
        self._loop.add_signal_handler(signal.SIGTERM, self._stop)
        self._loop.add_reader(self._post.line.fileno(), self._hear)
        self._tell_room()
        gc.collect()
        gc.freeze()  # all this stays: without it a full collection takes 0.1 s rather than 0.2 ms
        keepers = self._chores.keepers(self._eventlog)
        for keeper in keepers:
            keeper.start()
        self._row.set(metrics.SEAT, self._post.seat + 1)
        self._row.set(metrics.PID, os.getpid())
        self._heartbeat()
        self._answer_no_more = self._answer()
        self._start(self._learn())
        self._start(self._in_force.doors.prepare())
        try:
            # Clients wait in the backlog for a moment, rather than be offered less than there is.
            await asyncio.wait(tuple(self._background), timeout=_HEAD_START)
            self._start(self._tell_what_waits())
            self._start(watch(lambda: self._in_force.shared))
            if self._wrong is None:
                await serve(
                    lambda: self._in_force.shared, self._post.listeners, self._ending, self._ready
                )
        finally:
            self._in_force.shared.pool.close()
            for task in tuple(self._background):
                task.cancel()
            for keeper in keepers:
                keeper.stop()
        if self._wrong is not None:
            raise self._wrong

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _ready(self) -> None:
        self._post.line.tell(News.READY)

    def _heartbeat(self) -> None:
        self._row.set(metrics.HEARTBEAT, time.monotonic())
        self._loop.call_later(_BEAT, self._heartbeat)

    def _hear(self) -> None:
        line = self._post.line
        for order, _ in line.hear():
            if order == Order.RELOAD:
                self._chores.reload()
            elif order == Order.RETIRE:
                self._row.set(metrics.SEAT, 0)
                self._answer_no_more()  # others do
                self._ending.retire()
            elif order == Order.STOP:
                self._stop()
        if line.gone:  # the supervisor is, and with it whoever would listen to us
            self._loop.remove_reader(line.fileno())
            self._stop()

    def _stop(self) -> None:
        self._row.set(metrics.SEAT, 0)
        self._ending.stop(self._in_force.loaded.config.server.drain)

    def _tell_room(self) -> None:
        shared, count = self._in_force.shared, workers(self._in_force.loaded.config)
        most = (shared.most_sessions or 0) * count
        if self._first and most < shared.room.connections:
            mend = "raise the limit of open files (LimitNOFILE=, ulimit -n)"
            self._loud("few-sessions", most=most, mend=mend)

    async def _tell_what_waits(self) -> None:
        while self._first:
            in_force = self._in_force
            in_force.shared.findings.waiting(in_force.doors.waiting())
            await asyncio.sleep(_FINDINGS)

    async def _learn(self) -> None:
        """Learn what the mail server offers; end where clients would lose STARTTLS by it."""
        in_force = self._in_force
        if in_force.loaded.upstream is None:  # each is asked when its first client comes
            return
        offers = await learn(in_force.shared)
        self._offers_starttls[str(in_force.loaded.upstream)] = offers
        if in_force.shared is not self._in_force.shared:
            learned = in_force.shared.mail_server
            if self._in_force.shared.mail_server.endpoint == learned.endpoint:
                self._in_force.shared.mail_server.learned(learned.offers.mail_server)
        if offers and _would_hide_starttls(in_force.loaded):
            self._wrong = _hidden(in_force.loaded)
            self._stop()


def _would_hide_starttls(loaded: Loaded) -> bool:
    tls = loaded.config.tls
    return not (tls.certificates or tls.hide_starttls)


def _hidden(loaded: Loaded) -> ConfigError:
    text = (
        f"tls.certificates: missing, and the mail server at {loaded.upstream} "
        "offers STARTTLS: whoever uses it now would go on in the clear; write "
        'certificates = [{ chain = "/etc/mxward/mx.pem", key = "/etc/mxward/mx.key" }], '
        "or hide_starttls = true"
    )
    return ConfigError([Problem(loaded.config.place("tls"), text)])
