"""A lean DNS client for very many questions; behind the same `Resolver` as the one for decisions.

A look-up costs it a small part of what dnspython takes (the benchmark `bulk-dns` says which). It
asks by UDP, by TCP where an answer is truncated. A question without an answer is sent again, to
another server where there is one, and an answer to any of these counts. What is no answer to the
question is as if it had not come: no answer can be kept away by sending something else before it.
Supported and not supported: as in `resolver`; no fallback to a question without EDNS.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from mxward.lookup.chase import NOTHING, Chase, Reply
from mxward.lookup.datagrams import Ids, Sockets, UdpSocket
from mxward.lookup.messages import FAILED, TRUNCATED, Said, read
from mxward.lookup.servers import addresses
from mxward.lookup.streams import exchange
from mxward.model import Known, Question

__all__ = ["Stub", "Waiter"]

_TRIES = 3  # times that a question is sent within the time
_SILENT = 8  # questions lost in a row, after which another server is asked first
_TCP_AT_ONCE = 50
_TICK = 0.002  # seconds between two looks at what has come and what is late


class Waiter(Protocol):
    """Who waits for a reply. It is told in the event loop, and must not raise."""

    def heard(self, reply: Reply) -> None:
        """This is the reply, and the last word."""
        ...

    def lost(self) -> None:
        """The question, or its answer, did not get through in time; it may be sent again."""
        ...


class Stub:
    """Asks DNS servers. It belongs to one event loop, and is closed in the end.

    `servers` are (address, port) pairs; None reads /etc/resolv.conf, once. `timeout` bounds one
    look-up in all, in seconds. `random` gives so many octets that nobody can foretell. Raises
    ValueError where there is no server to ask.
    """

    def __init__(
        self,
        servers: Sequence[tuple[str, int]] | None,
        timeout: float,
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        ids = Ids(random)
        self._addresses = addresses(servers)
        self._sockets: list[Sockets[_Flight]] = [
            Sockets(family, address, ids, partial(self._heard, number))
            for number, (family, address) in enumerate(self._addresses)
        ]
        self._ids = ids
        self.timeout = timeout
        self._patience = timeout / _TRIES
        self._first = 0  # the server that is asked first
        self._lost_in_a_row = 0
        # A flight must go when it is over: memory that is used again at once is quick.
        self._under_way: dict[int, _Flight] = {}  # by the number of what was sent last
        self._due: deque[tuple[float, int]] = deque()  # when which of them has waited too long
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_TCP_AT_ONCE)
        self._now: Callable[[], float] | None = None  # of the loop, once there is one

    async def ask(self, question: Question) -> Reply:
        """Ask the DNS. Never raises: whatever is not an answer is FAILED."""
        waiter = _Future(asyncio.get_running_loop().create_future())
        self.look(question, waiter)
        return await waiter.future

    def look(self, question: Question, waiter: Waiter) -> None:
        """The same for who waits for many. It is told within the time, perhaps at once."""
        try:
            chase = Chase(question)
        except ValueError:
            waiter.heard(NOTHING)
            return
        if self._now is None:
            self._now = asyncio.get_running_loop().time
        now = self._now()
        self._send(_Flight(chase, waiter, now + self.timeout, self._first), now)

    def close(self) -> None:
        """Give up whatever is under way: nobody is told any more."""
        for sockets in self._sockets:
            sockets.close()
        for connection in self._connections:
            connection.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._under_way.clear()
        self._due.clear()

    def _send(self, flight: _Flight, now: float) -> None:
        self._under_way.pop(flight.number, None)
        self._number = flight.number = self._number + 1
        self._under_way[flight.number] = flight
        flight.tries += 1
        flight.server = self._server_for(flight)
        try:
            udp = self._sockets[flight.server].next()
            flight.awaits.append((udp, udp.send(flight.chase.message, flight)))
        except OSError:
            pass  # no socket could be opened: as if it were lost
        self._due.append((now + self._patience, flight.number))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def _server_for(self, flight: _Flight) -> int:
        """The one whose turn it is, of those that have not failed it."""
        if flight.tries == 1 and not flight.failed:
            return flight.first
        number = len(self._sockets)
        turns = ((flight.first + flight.tries - 1 + n) % number for n in range(number))
        return next((turn for turn in turns if turn not in flight.failed), flight.first)

    def _heard(self, server: int, flight: _Flight, octets: bytes) -> None:
        said = read(octets, flight.chase.question)
        if said is None:
            return
        if server == self._first:
            self._lost_in_a_row = 0
        if said is TRUNCATED:
            self._forget(flight)
            task = asyncio.create_task(self._ask_by_tcp(server, flight))
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        else:
            self._take(server, flight, said)

    async def _ask_by_tcp(self, server: int, flight: _Flight) -> None:
        said: Said | None = None
        with suppress(OSError, EOFError):  # a time-out is an OSError
            async with asyncio.timeout_at(flight.until), self._slots:
                octets = await exchange(
                    self._addresses[server], self._ids.next(), flight.chase.message
                )
                said = read(octets, flight.chase.question)
        self._take(server, flight, FAILED if said is None or said is TRUNCATED else said)

    def _take(self, server: int, flight: _Flight, said: Said) -> None:
        reply = flight.chase.take(said)
        if reply is None:
            self._forget(flight)
            flight.tries = 0
            flight.failed = frozenset()
            self._go_on(flight)
        elif reply.state is not Known.FAILED:
            self._end(flight, reply)
        else:
            flight.failed |= {server}
            if len(flight.failed) < len(self._sockets):
                self._go_on(flight)
            else:
                self._end(flight, NOTHING)

    def _go_on(self, flight: _Flight) -> None:
        """Send once more, if there is time to wait for it."""
        now = asyncio.get_running_loop().time()
        if now + self._patience / 2 < flight.until:
            self._send(flight, now)
        else:
            self._end(flight, NOTHING)

    def _tick(self) -> None:
        """Read what has come; send again what has waited too long, or give it up."""
        for sockets in self._sockets:
            sockets.read()
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._due and self._due[0][0] <= now:
            _, number = self._due.popleft()
            if flight := self._under_way.get(number):
                self._miss(flight)
        self._timer = loop.call_later(_TICK, self._tick) if self._under_way else None

    def _miss(self, flight: _Flight) -> None:
        if flight.server == self._first:
            self._lost_in_a_row += 1
        if self._lost_in_a_row >= _SILENT:
            self._lost_in_a_row = 0
            self._first = (self._first + 1) % len(self._sockets)
        flight.waiter.lost()
        if flight.tries < _TRIES:
            self._go_on(flight)
        else:
            self._end(flight, NOTHING)

    def _forget(self, flight: _Flight) -> None:
        """Await no answer to what it has asked so far."""
        self._under_way.pop(flight.number, None)
        for udp, ident in flight.awaits:
            udp.forget(ident)
        flight.awaits.clear()

    def _end(self, flight: _Flight, reply: Reply) -> None:
        self._forget(flight)
        flight.waiter.heard(reply)


@dataclass(slots=True, eq=False)
class _Flight:
    """One look-up under way."""

    chase: Chase
    waiter: Waiter
    until: float
    first: int  # the server that it asks first
    server: int = 0  # the one that was asked last
    tries: int = 0  # of the message that is asked now
    number: int = 0  # of what was sent last
    awaits: list[tuple[UdpSocket[_Flight], int]] = field(default_factory=list)
    failed: frozenset[int] = frozenset()  # servers that had nothing to say


@dataclass(slots=True)
class _Future:
    """A waiter for one."""

    future: asyncio.Future[Reply]

    def heard(self, reply: Reply) -> None:
        if not self.future.done():
            self.future.set_result(reply)

    def lost(self) -> None:
        pass
