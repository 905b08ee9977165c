"""The listener: takes clients in, and stops in good order."""

from __future__ import annotations

import asyncio
import resource
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

from mxward.proxy.connection import ClientConnection
from mxward.proxy.shared import Shared

__all__ = ["bind", "room_for_sessions", "serve"]

BACKLOG = 1024
SPARE_DESCRIPTORS = 300
"""For look-ups, the store, the log: sessions leave so many, or half where there are few.

Should they run out all the same, uvloop closes who connects, and serves on: it keeps one spare.
"""
DRAIN = 30.0
"""Seconds that messages under way have to end when the proxy stops."""


def bind(address: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError: the port is in use, the address is not here, ..."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


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


async def serve(shared: Shared, listeners: Sequence[socket.socket], stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let messages under way end, for DRAIN seconds at most."""
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda: ClientConnection(shared), sock=listener, backlog=BACKLOG)
        for listener in listeners
    ]
    await stop.wait()
    for server in servers:
        server.close()
    end = time.monotonic() + DRAIN
    sessions = shared.admission.sessions
    while sessions and time.monotonic() < end:
        for session in list(sessions):
            session.shut()
        await asyncio.sleep(0.05)
