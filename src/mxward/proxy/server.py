"""The listener: takes clients in, and stops in good order."""

from __future__ import annotations

import asyncio
import math
import resource
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from mxward.proxy.connection import ClientConnection
from mxward.proxy.reception import Reception
from mxward.proxy.shared import Shared
from mxward.proxy.transparency import is_transparent

__all__ = ["BACKLOG", "Ending", "room_for_sessions", "serve"]

BACKLOG = 1024
"""Clients that may wait to be taken in, as far as the kernel lets (net.core.somaxconn)."""
SPARE_DESCRIPTORS = 300
"""For look-ups, the store, the log: sessions leave so many, or half where there are few.

Should they run out all the same, uvloop closes who connects, and serves on: it keeps one spare.
"""


def room_for_sessions(wanted: int) -> int:
    """How many of `wanted` sessions this process may have; takes all descriptors it may have.

    A third of them is left for upstreams: an idle session needs none. Where there is no descriptor
    for an upstream, its recipient is answered 451.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    spare = min(SPARE_DESCRIPTORS, soft // 2)
    return max(1, min(wanted, (soft - spare) * 2 // 3))


class Ending:
    """When and how the serving ends: until it is told, it does not."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._by = math.inf

    def retire(self) -> None:
        """Take nobody new; the sessions end when their clients end them."""
        self._asked.set()

    def stop(self, drain: float) -> None:
        """Take nobody new; messages under way may end, for so many seconds at most."""
        self._by = min(self._by, time.monotonic() + drain)
        self._asked.set()

    @property
    def is_soon(self) -> bool:
        """Whether who has no message under way is to be shut out."""
        return self._by != math.inf

    @property
    def is_overdue(self) -> bool:
        """Whether nobody is waited for any more."""
        return time.monotonic() >= self._by

    async def asked(self) -> None:
        """Wait until it is told."""
        await self._asked.wait()


async def serve(
    current: Callable[[], Shared],
    listeners: Sequence[socket.socket],
    ending: Ending,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `ending` is told. Each client gets what is `current` when it comes.

    A transparent listener is the one for diverted connections. `ready` is called when clients are
    taken.
    """
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(
            partial(_connection, current, diverted=is_transparent(listener)),
            sock=listener,
            backlog=BACKLOG,
        )
        for listener in listeners
    ]
    ready()
    await ending.asked()
    for server in servers:
        server.close()
    await asyncio.sleep(0)  # who was accepted just now becomes a session in the loop's next turn
    sessions = current().admission.sessions
    while sessions and not ending.is_overdue:
        if ending.is_soon:
            for session in list(sessions):
                session.shut()
        await asyncio.sleep(0.05)


def _connection(current: Callable[[], Shared], *, diverted: bool) -> ClientConnection | Reception:
    shared = current()
    if diverted or shared.balancers:
        return Reception(shared, diverted=diverted)
    return ClientConnection(shared)
