"""Mail servers that take their time, 250 of them in one process, for the auditor to probe.

python -m benchmarks.slow_mail FIRST NUMBER SECONDS MANNER

They stand at NUMBER addresses from FIRST on, port 25. MANNER is `each`: every reply takes SECONDS,
one after the other; or `away`: replies come SECONDS after their commands, however many there are at
once. All pipeline. Every fourth server is of one kind: it knows its users; it takes everything for
its domains; it relays nothing; it takes mail for every second domain (dN with an even N).
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import deque
from ipaddress import ip_address
from typing import cast

import uvloop

_RELAY = b"554 5.7.1 Relay access denied\r\n"
_UNKNOWN = b"550 5.1.1 User unknown\r\n"
_OK = b"250 2.1.5 OK\r\n"
_DOMAIN = re.compile(rb"@d([0-9]+)\.customers\.example>")


class _Session(asyncio.Protocol):
    def __init__(self, kind: int, seconds: float, each: bool) -> None:
        self._kind, self._seconds, self._each = kind, seconds, each
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._replies: deque[bytes] = deque()
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._answer([b"220 mail ESMTP\r\n"])

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        self._answer([self._reply(line) for line in lines])

    def _answer(self, replies: list[bytes]) -> None:
        if not self._each:
            self._loop.call_later(self._seconds, self._write, b"".join(replies))
            return
        idle = not self._replies
        self._replies += replies
        if idle and replies:
            self._due = self._loop.time()
            self._wait()

    def _wait(self) -> None:
        """By the clock, so that a busy machine is not counted as a slow server."""
        self._due += self._seconds
        self._loop.call_at(self._due, self._next)

    def _next(self) -> None:
        self._write(self._replies.popleft())
        if self._replies:
            self._wait()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
            if data.endswith(b"221 bye\r\n"):
                self._transport.close()

    def _reply(self, line: bytes) -> bytes:
        verb = line[:4]
        if verb == b"RCPT":
            return self._recipient(line)
        if verb == b"EHLO":
            return b"250-mail\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else _OK

    def _recipient(self, line: bytes) -> bytes:
        domain = _DOMAIN.search(line)
        if domain is None or self._kind == 2:
            return _RELAY
        if self._kind == 3 and int(domain[1]) % 2:
            return _RELAY
        return _OK if self._kind == 1 or b"<postmaster@" in line else _UNKNOWN


async def _serve(first: str, number: int, seconds: float, manner: str) -> None:
    loop = asyncio.get_running_loop()
    each = manner == "each"
    for n in range(number):
        address = str(ip_address(first) + n)
        await loop.create_server(
            lambda kind=n % 4: _Session(kind, seconds, each),  # type: ignore[misc]
            address,
            25,
            backlog=1024,
        )
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
