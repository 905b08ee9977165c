"""The listener: takes clients in, counts them, and stops in good order."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mxward.networks import Address
from mxward.proxy.connection import ClientConnection
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.smtp.envelope import Settings
from mxward.smtp.extensions import Extensions
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["Proxy", "bind"]

BACKLOG = 1024
MAX_SESSIONS = 4000
"""Sessions at once; each may need two descriptors. More are told 421."""
DRAIN = 30.0
"""Seconds that messages under way have to end when the proxy stops."""


def bind(address: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError: the port is in use, the address is not here, ..."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@dataclass(slots=True)
class Proxy:
    """What all sessions share. `mail_server` is what the mail server offered last."""

    settings: Settings
    decider: Decider
    eventlog: EventLog
    mail_endpoint: Endpoint
    reroute_sources: Mapping[int, Address] = field(default_factory=dict)  # by IP version
    mail_server: Extensions = field(default_factory=Extensions)
    _sessions: set[ClientConnection] = field(default_factory=set)

    async def serve(self, listeners: Sequence[socket.socket], stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then let messages under way end, for DRAIN seconds at most."""
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(lambda: ClientConnection(self), sock=listener)
            for listener in listeners
        ]
        await stop.wait()
        for server in servers:
            server.close()
        await self._drain()

    async def _drain(self) -> None:
        end = time.monotonic() + DRAIN
        while self._sessions and time.monotonic() < end:
            for session in list(self._sessions):
                session.shut()
            await asyncio.sleep(0.05)

    def admit(self, session: ClientConnection) -> bool:
        """Whether there is room for one more; counts it if so."""
        if len(self._sessions) >= MAX_SESSIONS:
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: ClientConnection) -> None:
        self._sessions.discard(session)

    def new_id(self) -> str:
        """An id that a client may quote and the log knows."""
        return secrets.token_hex(5)

    def source_for(self, endpoint: Endpoint) -> Address | None:
        """The address to connect from: rerouted mail may have one of its own."""
        if not endpoint.scanner:
            return None
        return self.reroute_sources.get(endpoint.address.version)

    def log(self, entry: Log) -> None:
        fields = {"level": "loud", **entry.fields} if entry.loud else entry.fields
        self.eventlog.put(time.time(), entry.event, fields)
