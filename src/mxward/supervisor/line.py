"""What a supervisor and a worker say to each other, over a pair of sockets that only they have.

Each end hears at once when the other is gone: a worker whose supervisor was killed stops taking
clients, lets messages under way end, and ends.
"""

from __future__ import annotations

import socket
from enum import StrEnum

__all__ = ["Line", "News", "Order", "pair"]

_LONGEST = 60_000  # octets


class Order(StrEnum):
    """What a worker is told."""

    RELOAD = "reload"  # the configuration has been checked: put it in force
    RETIRE = "retire"  # take nobody new, and end with the last session
    STOP = "stop"  # the same, but soon


class News(StrEnum):
    """What a worker tells."""

    READY = "ready"  # it takes clients
    RELOADED = "reloaded"  # what was read is in force
    REFUSED = "refused"  # it is not, and why
    WRONG = "wrong"  # the configuration is, so that it ends (exit code 78), and why


class Line:
    """One end. It never blocks."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self.gone = False

    def fileno(self) -> int:
        """To wait for something to hear."""
        return self._connection.fileno()

    def tell(self, what: Order | News, text: str = "") -> None:
        """Say it, if anybody is there to hear it."""
        message = f"{what}\n{text}".encode()[:_LONGEST]
        try:
            self._connection.send(message)
        except OSError:  # gone, or it hears nothing any more: the heartbeat tells
            return

    def hear(self) -> list[tuple[str, str]]:
        """What was said since: kinds and texts. `gone` is true afterwards where that was all."""
        heard = []
        while not self.gone:
            try:
                message = self._connection.recv(_LONGEST)
            except BlockingIOError:
                break
            except OSError:
                message = b""
            if not message:
                self.gone = True
                break
            kind, _, text = message.decode(errors="replace").partition("\n")
            heard.append((kind, text))
        return heard

    def close(self) -> None:
        """Be gone."""
        self._connection.close()


def pair() -> tuple[Line, Line]:
    """Two ends; what is said stays in pieces."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Line(ours), Line(theirs)
