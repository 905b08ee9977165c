"""One line of Postfix's log, its prefix taken apart."""

from __future__ import annotations

from functools import lru_cache

from mxward.maillog.octets import text

__all__ = ["Entry", "named"]


@lru_cache(maxsize=1024)
def named(host: bytes, otherwise: str | None) -> str | None:
    """Who has written a line; `-` is nobody, so it is who wrote the others."""
    return otherwise if host == b"-" else text(host)


class Entry:
    """What a line says, and who says so. One serves for all lines: making them takes time."""

    __slots__ = ("_otherwise", "at", "host", "id", "number", "pid", "rest")

    def __init__(self, host: str | None) -> None:
        self._otherwise = host  # where syslog does not say so

    at: float  # seconds since the epoch
    host: bytes
    pid: bytes
    id: bytes | None  # of the message, or `NOQUEUE`
    rest: bytes
    number: int  # of the line

    @property
    def host_name(self) -> str | None:
        """Who has written it."""
        return named(self.host, self._otherwise)

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Which message is meant, where one is."""
        return self.host, self.id or b""

    @property
    def process(self) -> tuple[bytes, bytes]:
        """Which process has written it."""
        return self.host, self.pid
