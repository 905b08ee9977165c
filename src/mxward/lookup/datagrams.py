"""UDP sockets to DNS servers: who may answer, and how hard it is for others to (RFC 5452).

A socket is connected, so the kernel lets through nothing but what comes from the server's address
and port. Its own port the kernel chose; the ids of its questions are random. Several are in use at
once, and each gives way to a new one after some questions.

No event loop watches them: they are read when somebody says so. (libuv, on which uvloop rests,
watches a socket no more that had an error, such as ECONNREFUSED while a server is restarted.)
"""

from __future__ import annotations

import socket
from array import array
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["Ids", "Sockets", "UdpSocket"]

_AT_ONCE = 4  # sockets to one server: so many ports to guess from, and buffers that may fill up
_WORN = 2_000  # questions through one socket
_BATCH = 500  # datagrams read from one socket before others get their turn
_LARGEST = 4_096  # octets of a datagram: more was not asked for, and cut off it is broken
_BUFFER = 1 << 20  # octets, as far as the kernel allows it: 500 answers may come at once

Owner = TypeVar("Owner")
Heard = Callable[[Owner, bytes], None]


class Ids:
    """Numbers of 16 bits that nobody can foretell. `random` gives so many octets."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random
        self._next: array[int] = array("H")

    def next(self) -> int:
        """One more."""
        if not self._next:
            self._next = array("H", self._random(2_048))
        return self._next.pop()


class UdpSocket(Generic[Owner]):
    """One socket, and whose answers are awaited on it by their ids. Raises OSError."""

    def __init__(
        self, family: int, address: tuple[object, ...], ids: Ids, heard: Heard[Owner]
    ) -> None:
        self.left = _WORN  # questions that it still takes
        self._owners: dict[int, Owner] = {}
        self._ids = ids
        self._heard = heard
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def send(self, message: bytes, owner: Owner) -> int:
        """Send a message that lacks its id; returns the id.

        What cannot be sent is lost, as anything may be on its way.
        """
        ident = self._ids.next()
        while ident in self._owners:
            ident = self._ids.next()
        self._owners[ident] = owner
        self.left -= 1
        octets = ident.to_bytes(2) + message
        try:
            self._socket.send(octets)
        except OSError:  # most often ECONNREFUSED, of an earlier one
            with suppress(OSError):
                self._socket.send(octets)
        return ident

    def forget(self, ident: int) -> None:
        """Await no answer to this any more."""
        self._owners.pop(ident, None)

    @property
    def awaits(self) -> bool:
        """Whether answers may still come."""
        return bool(self._owners)

    def read(self) -> None:
        """Tell the owners of all answers that have come."""
        for _ in range(_BATCH):
            try:
                octets = self._socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError:  # nobody listens there now
                continue
            owner = self._owners.get(int.from_bytes(octets[:2]))
            if owner is not None:
                self._heard(owner, octets)

    def close(self) -> None:
        """Await nothing any more."""
        self._socket.close()


class Sockets(Generic[Owner]):
    """The sockets to one server, opened when they are needed."""

    def __init__(
        self, family: int, address: tuple[object, ...], ids: Ids, heard: Heard[Owner]
    ) -> None:
        self._open: Callable[[], UdpSocket[Owner]] = lambda: UdpSocket(family, address, ids, heard)
        self._fresh: list[UdpSocket[Owner]] = []
        self._worn: list[UdpSocket[Owner]] = []  # which await answers still
        self._turn = 0

    def next(self) -> UdpSocket[Owner]:
        """The socket for the next question: each in its turn. Raises OSError."""
        self._turn = turn = (self._turn + 1) % _AT_ONCE
        if turn >= len(self._fresh):
            self._fresh.append(self._open())
            return self._fresh[-1]
        found = self._fresh[turn]
        if found.left <= 0:
            self._fresh[turn] = self._open()
            self._worn.append(found)
            found = self._fresh[turn]
        return found

    def read(self) -> None:
        """Tell the owners of all answers that have come."""
        for each in (*self._fresh, *self._worn):
            if each.awaits:
                each.read()
        if self._worn:
            self._retire()

    def close(self) -> None:
        """Await nothing any more."""
        for each in (*self._fresh, *self._worn):
            each.close()
        self._fresh.clear()
        self._worn.clear()

    def _retire(self) -> None:
        for each in self._worn:
            if not each.awaits:
                each.close()
        self._worn = [each for each in self._worn if each.awaits]
