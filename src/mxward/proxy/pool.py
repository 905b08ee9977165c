"""Connections to the mail server that wait for their next client (identity = "xclient").

Each is told by XCLIENT who comes before anything else is said on it. One that says anything while
it waits, or goes away, is dropped; so is one that has waited or lived for long, for it holds a
process of the mail server, and with it the configuration of the time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mxward.proxy.upstream import UpstreamConnection
from mxward.smtp.extensions import Extensions
from mxward.smtp.vocabulary import Endpoint, Event

__all__ = ["Pool"]

IDLE = 10.0
"""Seconds that a connection waits at most; shorter than a mail server's patience under stress."""
LIFE = 120.0
"""Seconds from its beginning on that a connection is given to new clients."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    connection: UpstreamConnection
    extensions: Extensions
    since: float


class Pool:
    """At most `most` waiting connections. It belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: dict[Endpoint, list[_Waiting]] = {}
        self._count = 0
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return self._count

    def put(
        self, endpoint: Endpoint, connection: UpstreamConnection, extensions: Extensions
    ) -> None:
        """Keep a connection that owes and holds nothing; close it where there is no room."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._count >= self.most or now - connection.since > LIFE:
            self._close(connection)
            return
        waiting = _Waiting(connection, extensions, now)

        def drop(_: Event) -> None:
            self._drop(endpoint, waiting)

        connection.adopt(drop, lambda full: None)
        self._waiting.setdefault(endpoint, []).append(waiting)
        self._count += 1
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE, self._sweep)

    def take(self, endpoint: Endpoint) -> tuple[UpstreamConnection, Extensions] | None:
        """The connection that has waited least, so that those nobody needs end."""
        stack = self._waiting.get(endpoint)
        if not stack:
            return None
        self._count -= 1
        waiting = stack.pop()
        return waiting.connection, waiting.extensions

    def close(self) -> None:
        """Say good-bye on all of them."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for stack in self._waiting.values():
            for waiting in stack:
                self._close(waiting.connection)
        self._waiting.clear()
        self._count = 0

    def _sweep(self) -> None:
        """Close what has waited for long."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for endpoint, stack in self._waiting.items():
            old = [waiting for waiting in stack if now - waiting.since >= IDLE]
            self._waiting[endpoint] = stack[len(old) :]  # the oldest stand first
            self._count -= len(old)
            for waiting in old:
                self._close(waiting.connection)
        self._sweeping = loop.call_later(IDLE / 2, self._sweep) if self._count else None

    def _drop(self, endpoint: Endpoint, waiting: _Waiting) -> None:
        stack = self._waiting.get(endpoint, [])
        if waiting in stack:
            stack.remove(waiting)
            self._count -= 1
        waiting.connection.abort()

    def _close(self, connection: UpstreamConnection) -> None:
        connection.write(b"QUIT\r\n")
        connection.finish()
