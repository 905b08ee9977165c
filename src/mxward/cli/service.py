"""What `mxward serve` keeps running: the workers' work, and how a new configuration is judged."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mxward import metrics
from mxward.cli import serving
from mxward.cli.listeners import addresses, binder, suits
from mxward.cli.loaded import Loaded, read, workers
from mxward.config import Config, ConfigError, Severity, load
from mxward.metrics.glance import glance
from mxward.metrics.telling import tell
from mxward.proxy.census import Census
from mxward.proxy.eventlog import EventLog
from mxward.proxy.output import Output
from mxward.supervisor.supervisor import Refused, Wanted
from mxward.supervisor.worker import Post

__all__ = ["Announcer", "Service", "wanted"]

_SPARE_ROWS = 8


def wanted(loaded: Loaded) -> Wanted:
    """What a configuration asks of the supervisor."""
    config, count = loaded.config, workers(loaded.config)
    listen = addresses(config)
    about = f"{count} workers on {' '.join(map(str, config.listeners))}"
    facts = {"domains": len(loaded.reading.domains)}
    return Wanted(count, listen, config.server.drain, binder(config), suits(config), about, facts)


class Announcer:
    """The supervisor's own lines in the log. It waits for nobody who does not read them."""

    def __init__(self, descriptor: int, style: str = "logfmt") -> None:
        self._descriptor = descriptor
        self._eventlog = EventLog(Output(descriptor), style)

    def count_on(self, row: metrics.Row) -> None:
        """Count what is told there, too."""
        self._eventlog.observe = metrics.EventCounts(row)

    def tell(self, event: str, *, loud: bool = False, **fields: object) -> None:
        """Write it, with what could not be written before, if there is room."""
        said = {"level": "loud", **fields} if loud else fields
        self._eventlog.put(time.time(), event, said)
        _, writable, _ = select.select([], [self._descriptor], [], 0)
        if writable:
            with suppress(OSError):  # a full disk: what is lost is counted, and nobody ends for it
                self._eventlog.flush()


class Service:
    """The proxy, for a supervisor."""

    def __init__(
        self,
        path: Path,
        loaded: Loaded,
        announcer: Announcer,
        listener: socket.socket | None = None,
        status: socket.socket | None = None,
    ) -> None:
        """`listener` is where somebody may ask for the metrics, `status` how it stands."""
        self.loaded = loaded
        self.tell = announcer.tell
        most = max(workers(loaded.config), os.cpu_count() or 1)
        self.rows = 2 * most + _SPARE_ROWS  # a reload may take as many anew, and then some
        self._path = path
        self._census = Census(self.rows)
        self._board = metrics.board(self.rows)
        own = self._board.row(self.rows)
        own.set(metrics.catalogue.STARTED, time.time())
        announcer.count_on(own)
        self._answer = _answering(listener, status, self._board)

    def work(self, post: Post) -> int:
        """A worker's whole life."""
        census, row = self._census.seat(post.row), self._board.row(post.row)
        return serving.work(post, self._path, self.loaded, census, row, self._answer)

    def reload(self, commit: Callable[[Wanted], None]) -> None:
        """Put what the files say now in force. Raises Refused, with nothing changed."""
        try:
            loaded = read(load(self._path), self.loaded)
        except ConfigError as error:
            raise Refused(_mistakes(error)) from None
        ask = wanted(loaded)
        if ask.seats > self.rows - _SPARE_ROWS:
            raise Refused(f"server.workers: {ask.seats} are too many to be added; restart mxward")
        commit(ask)
        for key in _unchangeable(self.loaded.config, loaded.config):
            self.tell("configuration", loud=True, warning=f"{key}: restart mxward to change it")
        self.loaded = loaded

    def heard(self, row: int) -> float:
        """When a worker's event loop last went round."""
        return self._board.value(row, metrics.HEARTBEAT)

    def clear(self, row: int) -> None:
        """Nothing that the worker counted counts any more."""
        self._census.clear(row)
        self._board.clear(row)


def _answering(
    listener: socket.socket | None, status: socket.socket | None, board: metrics.Board
) -> Callable[[], Callable[[], None]]:
    """How a worker begins to answer for all; what that gives ends it."""
    supervisor = os.getpid()

    def told() -> dict[str, Any]:
        return glance(board, supervisor, time.monotonic(), time.time())

    ways: list[Callable[[], Callable[[], None]]] = []
    if status is not None:
        ways.append(lambda: tell(status, told))
    if listener is not None:
        from mxward.metrics.answering import answer  # its library is large, and few need it

        ways.append(lambda: answer(listener, board).stop)

    def begin() -> Callable[[], None]:
        ends = [way() for way in ways]

        def end() -> None:
            for each in ends:
                each()

        return end

    return begin


def _mistakes(error: ConfigError) -> str:
    """What stands against a configuration, without what is only warned of."""
    return "; ".join(str(each) for each in error.problems if each.severity is Severity.ERROR)


def _unchangeable(old: Config, new: Config) -> list[str]:
    pairs = {
        "server.user": (old.server.user, new.server.user),
        "store.path": (old.store.path, new.store.path),
        "log.format": (old.log.format, new.log.format),
        "metrics.listen": (old.metrics.listen, new.metrics.listen),
        "server.status": (old.status, new.status),
    }
    return [key for key, (before, after) in pairs.items() if before != after]
