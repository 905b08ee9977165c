"""The load client that may be refused: many SMTP sessions at once, from one thread, by epoll.

smtp-source gives up at the first 5xx, cannot choose its address and is slow with large messages.
This one knows before it begins which replies it must get, and raises `Unexpected` at any other.
Each session is a connection of its own: EHLO, MAIL, RCPT, then the message or the refusal, QUIT.
Not supported: PIPELINING, TLS, IPv6.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Session", "Unexpected", "idle", "message", "send", "steady"]

_LINE = b"QWxsIG1haWwgZ29lcyBpbiBieSB0aGUgZnJvbnQgZG9vciwgb3IgaXQgZG9lcyBub3QgZ28gaW4u\r\n"
_BLOCK = _LINE * (1_000_000 // len(_LINE))
_HEADER = b"From: <a@client.example>\r\nSubject: load\r\n\r\n"
_SILENCE = 60.0
"""Seconds without any event after which the load is given up."""


class Unexpected(Exception):
    """A server answered otherwise than it should have, or not at all."""


@dataclass(frozen=True, slots=True)
class Session:
    """What to do on one connection. `size` is of the message, in bytes; 0: RCPT is to be refused,
    or accepted where it only `asks`, and nothing is sent.

    `source` is the address to connect from, "" the system's choice. `waited` is told the seconds
    from RCPT to its answer.
    """

    recipient: str
    size: int = 0
    source: str = ""
    waited: Callable[[float], None] | None = None
    asks: bool = False


def send(
    host: str, port: int, sessions: Callable[[int], Session], number: int, at_once: int
) -> float:
    """Go through `sessions(0)` to `sessions(number - 1)`; the seconds that it took.

    Raises Unexpected, OSError.
    """
    begun = time.monotonic()
    with select.epoll() as poll:
        under_way: dict[int, _Connection] = {}
        waiting = (_Connection(host, port, sessions(n)) for n in range(number))
        _fill(under_way, waiting, at_once, poll)
        while under_way:
            events = poll.poll(_SILENCE)
            if not events:
                raise Unexpected(f"{len(under_way)} sessions of {host} are silent")
            _handle(events, under_way, poll)
            _fill(under_way, waiting, at_once, poll)
    return time.monotonic() - begun


def steady(
    host: str, port: int, sessions: Callable[[int], Session], number: int, rate: float
) -> float:
    """The same, beginning `rate` sessions a second, evenly, whether or not others have ended."""
    begun = heard = time.monotonic()
    with select.epoll() as poll:
        under_way: dict[int, _Connection] = {}
        waiting = (_Connection(host, port, sessions(n)) for n in range(number))
        started = 0
        while started < number or under_way:
            now = time.monotonic()
            due = min(number, int((now - begun) * rate) + 1) - started
            _fill(under_way, waiting, len(under_way) + due, poll)
            started += due
            events = poll.poll(0.5 / rate)
            heard = now if events or not under_way else heard
            if now > heard + _SILENCE:
                raise Unexpected(f"{len(under_way)} sessions of {host} are silent")
            _handle(events, under_way, poll)
    return time.monotonic() - begun


def idle(host: str, port: int, number: int, sources: Callable[[int], str]) -> list[socket.socket]:
    """Connections that said EHLO and then nothing, until one is turned away (421) or all stand."""
    standing: list[socket.socket] = []
    for n in range(number):
        connection = socket.create_connection((host, port), 30, (sources(n), 0))
        greeting = connection.recv(4096)
        if not greeting.startswith(b"220"):
            connection.close()
            break
        connection.sendall(b"EHLO client.example\r\n")
        while b"250 " not in connection.recv(4096):
            pass
        standing.append(connection)
    return standing


def message(size: int) -> Iterator[memoryview]:
    """A message of about `size` bytes in lines of base64, with its end, in blocks of a megabyte."""
    yield memoryview(_HEADER)
    for _ in range(size // len(_BLOCK)):
        yield memoryview(_BLOCK)
    rest = size % len(_BLOCK)
    yield memoryview(_LINE * (rest // len(_LINE)) + b".\r\n")


class _Connection:
    """One session under way."""

    def __init__(self, host: str, port: int, session: Session) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if session.source:
            self.socket.setsockopt(socket.SOL_IP, _BIND_ADDRESS_NO_PORT, 1)
            self.socket.bind((session.source, 0))
        self.socket.connect_ex((host, port))
        self._steps = _refused(session) if not session.size else _relayed(session)
        self._expected, self._next = next(self._steps)
        self._heard = b""
        self._waited, self._asked = session.waited, 0.0
        self._message = message(session.size)
        self._unsent: memoryview | None = None

    def ready(self, poll: select.epoll) -> bool:
        """Do what can be done; whether the session has ended."""
        if self._unsent is not None:
            self._send_more(self._unsent, poll)
            return False
        try:
            data = self.socket.recv(4096)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        if not data:
            if self._expected == b"221":  # nginx closes after a refusal
                return True
            raise Unexpected(f"closed before {self._expected!r}: {self._heard!r}")
        self._heard += data
        if not _is_reply(self._heard):
            return False
        if not self._heard.startswith(self._expected):
            raise Unexpected(f"{self._heard!r} instead of {self._expected!r}")
        return self._go_on(poll)

    def _go_on(self, poll: select.epoll) -> bool:
        self._heard = b""
        if self._asked and self._waited:
            self._waited(time.monotonic() - self._asked)
        self._asked = time.monotonic() if self._next.startswith(b"RCPT") else 0.0
        if not self._next:
            return True
        if self._next == _MESSAGE:
            self._unsent = next(self._message)
            poll.modify(self.socket, select.EPOLLOUT)
        else:
            try:
                self.socket.send(self._next)
            except ConnectionError:
                if self._next != _QUIT:
                    raise
                return True
        self._expected, self._next = next(self._steps)
        return False

    def _send_more(self, unsent: memoryview, poll: select.epoll) -> None:
        try:
            sent = self.socket.send(unsent)
        except BlockingIOError:
            return
        self._unsent = unsent[sent:] or next(self._message, None)
        if self._unsent is None:
            poll.modify(self.socket, select.EPOLLIN)


_BIND_ADDRESS_NO_PORT = 24  # ip(7)
_QUIT = b"QUIT\r\n"
_MESSAGE = b"(the message)"


def _refused(session: Session) -> Iterator[tuple[bytes, bytes]]:
    """What is expected, and what is said then."""
    yield from _envelope(session)
    yield b"250" if session.asks else b"550", _QUIT
    yield b"221", b""


def _relayed(session: Session) -> Iterator[tuple[bytes, bytes]]:
    yield from _envelope(session)
    yield b"250", b"DATA\r\n"
    yield b"354", _MESSAGE
    yield b"250", _QUIT
    yield b"221", b""


def _envelope(session: Session) -> Iterator[tuple[bytes, bytes]]:
    yield b"220", b"EHLO client.example\r\n"
    yield b"250", b"MAIL FROM:<someone@client.example>\r\n"
    yield b"250", b"RCPT TO:<%s>\r\n" % session.recipient.encode()


def _is_reply(heard: bytes) -> bool:
    """Whether this ends with the last line of a reply (RFC 5321 4.2.1)."""
    if not heard.endswith(b"\n"):
        return False
    last = heard[heard.rfind(b"\n", 0, -1) + 1 :]
    return last[3:4] != b"-"


def _handle(
    events: list[tuple[int, int]], under_way: dict[int, _Connection], poll: select.epoll
) -> None:
    for descriptor, _ in events:
        connection = under_way[descriptor]
        if connection.ready(poll):
            del under_way[descriptor]
            connection.socket.close()


def _fill(
    under_way: dict[int, _Connection],
    waiting: Iterator[_Connection],
    at_once: int,
    poll: select.epoll,
) -> None:
    while len(under_way) < at_once and (connection := next(waiting, None)):
        under_way[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
