"""What systemd offers a service: sockets that it has bound, notices, and a watchdog.

Supported: sd_listen_fds(3), sd_notify(3) with Type=notify and notify-reload, and
sd_watchdog_enabled(3).
Not supported: FDSTORE; sockets' names (they are known by their addresses).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping

from mxward.supervisor.listening import adopt

__all__ = ["Notices", "given_sockets"]

_FIRST = 3  # SD_LISTEN_FDS_START


def given_sockets(environ: MutableMapping[str, str], pid: int) -> list[socket.socket]:
    """The listening sockets that were given to this process, taken out of the environment.

    Raises ValueError in one line where one is no listening TCP socket.
    """
    meant = environ.pop("LISTEN_PID", "")
    count = environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if meant != str(pid) or not count.isdecimal():
        return []
    given = []
    for descriptor in range(_FIRST, _FIRST + int(count)):
        try:
            given.append(adopt(descriptor))
        except (OSError, ValueError) as why:
            raise ValueError(f"descriptor {descriptor}: {why}") from None
    return given


class Notices:
    """Tells the service manager how it stands; silent where there is none.

    `watchdog` is the number of seconds within which `alive` must be told, None where none is.
    """

    def __init__(self, environ: MutableMapping[str, str], pid: int) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        self.watchdog: float | None = None
        asked = environ.get("WATCHDOG_USEC", "")
        if asked.isdecimal() and environ.get("WATCHDOG_PID", str(pid)) == str(pid):
            self.watchdog = int(asked) / 1e6

    def ready(self, status: str) -> None:
        """Serving, at first or again after `reloading`."""
        self._tell(f"READY=1\nSTATUS={status}\nMAINPID={os.getpid()}")

    def status(self, status: str) -> None:
        """What `systemctl status` shows."""
        self._tell(f"STATUS={status}")

    def reloading(self) -> None:
        """`ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """It ends, as asked."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """For the watchdog."""
        self._tell("WATCHDOG=1")

    def _tell(self, text: str) -> None:
        if not self._path:
            return
        path = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messenger:
            messenger.setblocking(False)
            try:
                messenger.sendto(text.encode(), path)
            except OSError:  # it is no reason to stop serving
                return
