"""The service of `mxward policyd` from its beginning to its end."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mxward.policyd.connection import Answering, Connection
from mxward.proxy.decider import PATIENCE

__all__ = ["remove_left_over", "serve", "unix_socket"]

_BACKLOG = 512
_DRAIN = PATIENCE + 1.0
"""Seconds that questions under way have when the service ends: as long as a decision may take."""


def unix_socket(path: Path) -> socket.socket:
    """A listener for this user and group. One that nobody listens at any more makes room.

    Raises OSError, also where something else stands there.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        remove_left_over(path)
        mask = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def remove_left_over(path: Path) -> None:
    """The socket goes, unless somebody listens there: another policyd may have come meanwhile.

    Raises OSError.
    """
    if _is_left_over(path):
        path.unlink(missing_ok=True)


def _is_left_over(path: Path) -> bool:
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, suppress(OSError):
        asking.settimeout(1)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False


async def serve(
    answering: Answering, listeners: Sequence[socket.socket], ended: asyncio.Event
) -> None:
    """Answer until it has `ended`; questions under way are answered still."""
    loop = asyncio.get_running_loop()
    servers: list[asyncio.Server] = []
    for listener in listeners:
        if listener.family == socket.AF_UNIX:
            servers.append(
                await loop.create_unix_server(lambda: Connection(answering), sock=listener)
            )
        else:
            servers.append(await loop.create_server(lambda: Connection(answering), sock=listener))
    await ended.wait()
    for server in servers:
        server.close()
    await asyncio.sleep(0)  # who was accepted just now is a connection in the loop's next turn
    for connection in tuple(answering.connections):
        connection.close()
    until = loop.time() + _DRAIN
    while answering.connections and loop.time() < until:  # noqa: ASYNC110 - few, and once
        await asyncio.sleep(0.05)
