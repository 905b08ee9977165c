"""The UNIX socket at which a running proxy tells how it stands: one JSON object, and the end.

Who connects says nothing. One at a time, in a thread of its own; every process that was given the
socket answers for all. Whoever may write to the socket's file may ask. Not supported: two that
begin to listen at one place in the same instant, of which the first would never be asked.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

__all__ = ["Silent", "ask", "listen", "tell"]

PATIENCE = 2.0
"""Seconds for the answer to be taken, or to come."""
LARGEST = 1 << 20
_POLL = 0.5
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)


class Silent(Exception):
    """Nobody answers; the text says why."""


def listen(path: Path) -> socket.socket:
    """A socket for whoever may ask, the owner and the group. Raises OSError.

    It takes the place of a socket that nobody is behind any more, or this very process, as after an
    upgrade; of nothing else.
    """
    _must_be_free(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = path.with_name(f"{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            fresh.unlink()
        before = os.umask(0o117)
        try:
            listener.bind(str(fresh))
        finally:
            os.umask(before)
        listener.listen(16)
        fresh.replace(path)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # another process may have taken the client already
    return listener


def _must_be_free(path: Path) -> None:
    """Raises OSError where something else is there, or another process that runs."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "there is a file that is no socket")
    owner = _owner(path)
    if owner is not None and owner != os.getpid() and _runs(owner):
        raise OSError(errno.EADDRINUSE, f"another process listens there (pid {owner})")


def _owner(path: Path) -> int | None:
    """Who began to listen there, whether it answers or hangs; None where nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(PATIENCE)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[0])


def _runs(pid: int) -> bool:
    """Whether it does: its workers may hold its socket for a moment longer."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def tell(listener: socket.socket, told: Callable[[], dict[str, Any]]) -> Callable[[], None]:
    """Answer on a listening socket from now on; gives the way to end it."""
    telling = _Telling(listener, told)
    Thread(target=telling.run, name="status", daemon=True).start()
    return telling.stop


class _Telling:
    def __init__(self, listener: socket.socket, told: Callable[[], dict[str, Any]]) -> None:
        self._listener = listener
        self._told = told
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        own = self._listener.dup()
        own.settimeout(_POLL)
        while not self._stopped:
            try:
                client, _ = own.accept()
            except TimeoutError:  # nobody came
                continue
            except OSError:  # no descriptor is left for whoever waits
                time.sleep(_POLL)
                continue
            with client, suppress(OSError):  # somebody left
                client.settimeout(PATIENCE)
                client.sendall(json.dumps(self._told()).encode())
        own.close()


def ask(path: Path) -> dict[str, Any]:
    """What the proxy tells. Raises Silent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        end = time.monotonic() + PATIENCE
        asking.settimeout(PATIENCE)
        said = b""
        try:
            asking.connect(str(path))
            while block := asking.recv(65536):
                said += block
                if len(said) > LARGEST or time.monotonic() > end:
                    raise Silent(f"{path}: too much is said, or too slowly")
            found = json.loads(said)
        except TimeoutError:
            raise Silent(f"{path}: no answer within {PATIENCE:g} seconds") from None
        except OSError as error:
            raise Silent(f"{path}: {error.strerror or error}") from None
        except ValueError:
            raise Silent(f"{path}: whoever answers is no mxward") from None
    if not isinstance(found, dict):
        raise Silent(f"{path}: whoever answers is no mxward")
    return found
