"""What `mxward serve` keeps running: the workers' work, and how a new configuration is judged."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from mxward.cli import serving
from mxward.cli.listeners import addresses
from mxward.cli.loaded import Loaded, read, workers
from mxward.config import Config, ConfigError, Severity, load
from mxward.metrics.board import Board
from mxward.proxy.census import Census
from mxward.proxy.eventlog import EventLog
from mxward.proxy.output import Output
from mxward.supervisor.supervisor import Refused, Wanted
from mxward.supervisor.worker import Post

__all__ = ["Announcer", "Service", "wanted"]

_HEARTBEAT = "heartbeat"
_SPARE_ROWS = 8


def wanted(loaded: Loaded) -> Wanted:
    """What a configuration asks of the supervisor."""
    config, count = loaded.config, workers(loaded.config)
    listen = addresses(config)
    about = f"{count} workers on {' '.join(map(str, config.server.listen))}"
    facts = {"domains": len(loaded.reading.domains)}
    return Wanted(count, listen, config.server.drain, about, facts)


class Announcer:
    """The supervisor's own lines in the log. It waits for nobody who does not read them."""

    def __init__(self, descriptor: int, style: str = "logfmt") -> None:
        self._descriptor = descriptor
        self._eventlog = EventLog(Output(descriptor), style)

    def tell(self, event: str, *, loud: bool = False, **fields: object) -> None:
        """Write it, with what could not be written before, if there is room."""
        said = {"level": "loud", **fields} if loud else fields
        self._eventlog.put(time.time(), event, said)
        _, writable, _ = select.select([], [self._descriptor], [], 0)
        if writable:
            self._eventlog.flush()


class Service:
    """The proxy, for a supervisor."""

    def __init__(self, path: Path, loaded: Loaded, announcer: Announcer) -> None:
        self.loaded = loaded
        self.tell = announcer.tell
        most = max(workers(loaded.config), os.cpu_count() or 1)
        self.rows = 2 * most + _SPARE_ROWS  # a reload may take as many anew, and then some
        self._path = path
        self._census = Census(self.rows)
        self._board = Board(self.rows, [_HEARTBEAT])

    def work(self, post: Post) -> int:
        """A worker's whole life."""
        row = self._board.row(post.row)

        def beat(now: float) -> None:
            row.set(_HEARTBEAT, now)

        return serving.work(post, self._path, self.loaded, self._census.seat(post.row), beat)

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
        return self._board.value(row, _HEARTBEAT)

    def clear(self, row: int) -> None:
        """Nothing that the worker counted counts any more."""
        self._census.clear(row)
        self._board.clear(row)


def _mistakes(error: ConfigError) -> str:
    """What stands against a configuration, without what is only warned of."""
    return "; ".join(str(each) for each in error.problems if each.severity is Severity.ERROR)


def _unchangeable(old: Config, new: Config) -> list[str]:
    pairs = {
        "server.user": (old.server.user, new.server.user),
        "store.path": (old.store.path, new.store.path),
        "log.format": (old.log.format, new.log.format),
    }
    return [key for key, (before, after) in pairs.items() if before != after]
