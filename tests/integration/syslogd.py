"""What a host's syslogd does with what its programs tell it, for servers that log to nothing else.

A room gets a /dev of its own, with the socket in it (`with_a_dev`); each line goes to a file as
rsyslogd writes it in RFC 3164's form.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Syslogd", "with_a_dev"]

_MAKE_DEV = """
for each in null zero random urandom; do
  : > dev/$each
  mount --bind /dev/$each dev/$each
done
mount --bind dev /dev
exec "$@"
"""


def with_a_dev(argv: list[str]) -> list[str]:
    """The command of a server whose directory a `Syslogd` has been started in."""
    return ["sh", "-ec", _MAKE_DEV, "sh", *argv]


class Syslogd:
    """Writes to DIRECTORY/log what is told at DIRECTORY/dev/log."""

    def __init__(self, directory: Path, host: str) -> None:
        self.log = directory / "log"
        (directory / "dev").mkdir(parents=True, exist_ok=True)
        self._host = host.encode()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(directory / "dev" / "log"))
        (directory / "dev" / "log").chmod(0o666)
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RD)  # after what has been told already
        self._thread.join()
        self._socket.close()

    def _write(self) -> None:
        with self.log.open("wb") as log:
            while told := self._socket.recv(65536):
                line = told.partition(b">")[2]  # the priority
                stamp, rest = line[:15], line[16:]
                log.write(b"%s %s %s\n" % (stamp, self._host, rest.rstrip(b"\n")))
                log.flush()
