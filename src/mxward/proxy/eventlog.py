"""The event log: one line per decision, in logfmt for people and grep, or in JSON.

The event loop only puts events into a bounded queue; the keeper's thread formats and writes them in
batches. When the queue is full, events are dropped and counted, and the count is a line of its own:
a slow log never holds up mail. That thread also shows each event to whoever counts what happens.
Text that strangers chose is quoted, so no line can be forged.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

__all__ = ["EventLog", "Observer", "Stream", "as_json", "as_logfmt"]

_WORTH_REMEMBERING = 100  # characters
_BARE = re.compile(r"[0-9A-Za-z_.:/@<>+\[\]*-]+")


class Stream(Protocol):
    """What takes the lines."""

    def write(self, text: str, /) -> object:
        """Take whole lines. Raises OSError."""
        ...

    def flush(self) -> None:
        """Hold nothing back. Raises OSError."""
        ...


Observer = Callable[[float, str, Mapping[str, object]], None]
"""Is shown an event as `put` is. Must not raise."""


def _nobody(at: float, event: str, fields: Mapping[str, object]) -> None:
    pass


class EventLog:
    """Takes events from any thread; `flush` writes what has gathered.

    `observe` is called by the thread that writes, before it does.
    """

    def __init__(
        self,
        stream: Stream,
        style: str = "logfmt",
        room: int = 10_000,
        observe: Observer = _nobody,
    ) -> None:
        self.observe = observe
        self._stream = stream
        self._format = as_json if style == "json" else as_logfmt
        self._events: deque[tuple[float, str, Mapping[str, object]]] = deque()
        self._room = room
        self._dropped = 0

    def put(self, at: float, event: str, fields: Mapping[str, object]) -> None:
        """Take one event; `at` is in seconds since the epoch. Never blocks."""
        if len(self._events) >= self._room:
            self._dropped += 1
            return
        self._events.append((at, event, fields))

    def flush(self) -> None:
        """Write what is there. Raises OSError where the stream cannot be written."""
        lines = []
        while self._events:
            lines.append(self._taken(*self._events.popleft()))
        dropped, self._dropped = self._dropped, 0
        if dropped:
            now = datetime.now(UTC).timestamp()
            lines.append(self._taken(now, "dropped", {"level": "loud", "events": dropped}))
        if not lines:
            return
        try:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
        except OSError:
            self._dropped += len(lines)
            raise

    def _taken(self, at: float, event: str, fields: Mapping[str, object]) -> str:
        self.observe(at, event, fields)
        return self._format(at, event, fields)


def as_logfmt(at: float, event: str, fields: Mapping[str, object]) -> str:
    """`time=... event=decision client=192.0.2.1 ...`; what is not plain is quoted as in JSON."""
    pairs = {"time": _time(at), "event": event, **fields}
    return " ".join(f"{key}={_plain(value)}" for key, value in pairs.items())


def as_json(at: float, event: str, fields: Mapping[str, object]) -> str:
    """One object a line."""
    pairs = {"time": _time(at), "event": event, **fields}
    return json.dumps({k: v if isinstance(v, int) else str(v) for k, v in pairs.items()})


def _plain(value: object) -> str:
    text = value if type(value) is str else str(value)
    return _remembered(text) if len(text) <= _WORTH_REMEMBERING else _quoted(text)


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text)


@lru_cache(maxsize=10_000)
def _remembered(text: str) -> str:
    """Most of what is told is told again and again; what is long, strangers have made up."""
    return _quoted(text)


def _time(at: float) -> str:
    second = int(at)
    return f"{_second(second)}.{int((at - second) * 1000):03d}+00:00"


@lru_cache(maxsize=16)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
