"""UDP sockets to DNS servers: who may answer, and how hard it is for others to (RFC 5452).

A socket is connected, so the kernel lets through nothing but what comes from the server's address
and port. Its own port the kernel chose; the ids of its questions are random. Several are in use at
once, and each gives way to a new one after some questions.
"""

from __future__ import annotations

import asyncio
import socket
from array import array
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Ids", "Sockets", "UdpSocket"]

_AT_ONCE = 4  # sockets to one server: so many ports to guess from, and buffers that may fill up
_WORN = 2_000  # questions through one socket
_BATCH = 100  # answers read before others get their turn
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
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._readable)

    def send(self, message: bytes, owner: Owner) -> int:
        """Send a message that lacks its id; returns the id.

        Raises OSError where it is not sent; that may tell what became of an earlier one.
        """
        ident = self._ids.next()
        while ident in self._owners:
            ident = self._ids.next()
        self._socket.send(ident.to_bytes(2) + message)
        self._owners[ident] = owner
        self.left -= 1
        return ident

    def forget(self, ident: int) -> None:
        """Await no answer to this any more. It closes with the last, when it takes no more."""
        self._owners.pop(ident, None)
        if self.left <= 0 and not self._owners:
            self.close()

    def close(self) -> None:
        """Await nothing any more."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    @property
    def awaits(self) -> bool:
        """Whether answers may still come."""
        return bool(self._owners)

    def _readable(self) -> None:
        for _ in range(_BATCH):
            try:
                octets = self._socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError:  # nobody listens there now; or it was closed just now
                self.left = 0  # libuv listens no more to a socket that had an error
                return
            owner = self._owners.get(int.from_bytes(octets[:2]))
            if owner is not None:
                self._heard(owner, octets)


class Sockets(Generic[Owner]):
    """The sockets to one server, opened when they are needed."""

    def __init__(
        self, family: int, address: tuple[object, ...], ids: Ids, heard: Heard[Owner]
    ) -> None:
        self._open: Callable[[], UdpSocket[Owner]] = lambda: UdpSocket(family, address, ids, heard)
        self._fresh: list[UdpSocket[Owner]] = []
        self._leaving: list[UdpSocket[Owner]] = []
        self._turn = 0

    def send(self, message: bytes, owner: Owner) -> tuple[UdpSocket[Owner], int] | None:
        """Send through each socket in its turn; returns which, and the id. None: it is lost."""
        self._turn = turn = (self._turn + 1) % _AT_ONCE
        try:
            udp = self._at(turn)
            try:
                return udp, udp.send(message, owner)
            except OSError:  # most often ECONNREFUSED, of an earlier one
                udp.left = 0
                udp = self._at(turn)
                return udp, udp.send(message, owner)
        except OSError:
            return None

    def _at(self, turn: int) -> UdpSocket[Owner]:
        if turn >= len(self._fresh):
            self._fresh.append(self._open())
            return self._fresh[-1]
        found = self._fresh[turn]
        if found.left <= 0:
            self._fresh[turn] = self._open()
            self._leaving = [each for each in self._leaving if each.awaits]
            if found.awaits:
                self._leaving.append(found)
            else:
                found.close()
            found = self._fresh[turn]
        return found

    def close(self) -> None:
        """Await nothing any more."""
        for each in (*self._fresh, *self._leaving):
            each.close()
        self._fresh.clear()
        self._leaving.clear()
