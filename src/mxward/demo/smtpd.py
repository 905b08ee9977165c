"""What the demo's two SMTP servers share: aiosmtpd's, with connections that can be cut.

aiosmtpd's limits hold here too: no PIPELINING, no TLS, no null sender, the whole message in memory.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from aiosmtpd.smtp import SMTP

__all__ = ["Listeners"]

IDENT = "ESMTP"
PROXY_PATIENCE = 5.0

# without a handler Python would print what aiosmtpd warns of in the middle of a transcript
logging.getLogger("mail.log").addHandler(logging.NullHandler())


class Listeners:
    """The addresses that one server listens on, and the connections made to them."""

    def __init__(self, handler: object, hostname: str) -> None:
        self._handler, self._hostname = handler, hostname
        self._addresses: list[tuple[str, int, bool]] = []
        self._servers: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()

    async def listen(self, host: str, port: int, *, proxied: bool = False) -> None:
        """Listen; `proxied` connections begin with a PROXY header. Raises OSError."""
        await self._open(host, port, proxied)
        self._addresses.append((host, port, proxied))

    async def adopt(self, listener: socket.socket) -> None:
        """Take connections of a socket that listens already; `reopen` knows nothing of it."""
        loop = asyncio.get_running_loop()
        self._servers.append(
            await loop.create_server(lambda: self._connection(None), sock=listener)
        )

    async def reopen(self) -> None:
        """Listen again, everywhere. Raises OSError."""
        for address in self._addresses:
            await self._open(*address)

    def close(self) -> None:
        """Cut every connection where it stands, and listen no more."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in list(self._connections):
            connection.cut()

    @property
    def heard(self) -> int:
        """How many octets have come in through the connections that are open now."""
        return sum(connection.heard for connection in self._connections)

    async def _open(self, host: str, port: int, proxied: bool) -> None:
        loop = asyncio.get_running_loop()
        patience = PROXY_PATIENCE if proxied else None
        self._servers.append(
            await loop.create_server(lambda: self._connection(patience), host, port)
        )

    def _connection(self, patience: float | None) -> _Connection:
        return _Connection(
            self._handler,
            self._connections,
            hostname=self._hostname,
            ident=IDENT,
            proxy_protocol_timeout=patience,
            loop=asyncio.get_running_loop(),
        )


class _Connection(SMTP):
    def __init__(self, handler: object, peers: set[_Connection], **options: Any) -> None:
        super().__init__(handler, **options)
        self._peers = peers
        self.heard = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peers.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._peers.discard(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        super().data_received(data)

    def cut(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
