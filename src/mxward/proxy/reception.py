"""The beginning of a connection, where it is not at once clear who comes, and to whom.

A load balancer's connection begins with a PROXY header that tells who the client is; what is no
such header ends it. One that was diverted on its way to a mail server is for that one: TLS comes
first where that is what its port is for, and a mail server that has not said yet what it offers is
asked before its client is greeted. What a client says meanwhile is not read, or waits.
"""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable
from typing import cast

from mxward.networks import Address
from mxward.proxy.connection import BUSY, ClientConnection, ends_of
from mxward.proxy.handshake import shake_hands
from mxward.proxy.learning import hear
from mxward.proxy.mail_server import MailServer
from mxward.proxy.patience import Patience
from mxward.proxy.shared import Shared
from mxward.smtp import ProtocolError
from mxward.smtp.identity import Peer
from mxward.smtp.preamble import Ends, Local, PreambleReader
from mxward.smtp.replies import reply
from mxward.smtp.vocabulary import Log

__all__ = ["Reception"]

_NOT_HERE = bytes(reply(421, "4.3.2 This port is for connections that are diverted to it"))


class Reception(asyncio.Protocol):
    """Has a connection until its client can be greeted; `diverted` ones came by the listener to
    which the kernel hands them over.
    """

    __slots__ = (
        "_diverted",
        "_early",
        "_ends",
        "_lost",
        "_patience",
        "_preamble",
        "_shared",
        "_task",
        "_transport",
    )

    def __init__(self, shared: Shared, *, diverted: bool = False) -> None:
        self._shared = shared
        self._diverted = diverted
        self._patience = Patience(shared.loop, self.shut)
        self._preamble: PreambleReader | None = None
        self._early = b""  # what the client has said before its greeting
        self._task: asyncio.Task[None] | None = None
        self._lost = False

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        ends, shared = ends_of(transport), self._shared
        if ends is None:
            self._transport.abort()
            return
        self._ends = ends
        if self._diverted:
            self._take_diverted(transport.get_extra_info("socket"))
        elif ends.client not in shared.balancers:
            self._take(ends, shared.mail_server, shared.admission.admit)
        elif shared.admission.expect(self, ends.client):
            self._preamble = PreambleReader()
            self._patience.wait(shared.settings.timeouts.handshake)
        else:
            self._turn_away(BUSY)

    def data_received(self, data: bytes) -> None:
        if self._preamble is not None:
            self._read_preamble(self._preamble, data)
        else:
            self._early += data

    def connection_lost(self, why: Exception | None) -> None:
        if self._lost:
            return
        self._lost = True
        self._shared.admission.leave(self)
        self._patience.stop()
        if self._task is not None:
            self._task.cancel()

    def shut(self) -> None:
        """Nothing is under way yet."""
        self._transport.abort()

    # -- who comes, and to whom ---------------------------------------------------------------

    def _take_diverted(self, connection: socket.socket) -> None:
        """Find out where it was going. Who has connected here by himself is told so, no more: that
        is all the watchdog needs to see that we are alive.
        """
        shared, ends = self._shared, self._ends
        endpoint = shared.diversion.mail_server_of(connection) if shared.diversion else None
        if endpoint is None:
            self._turn_away(_NOT_HERE)
            return
        ends = Ends(ends.client, ends.client_port, endpoint.address, endpoint.port)
        self._take(ends, shared.mail_server_at(endpoint), shared.admission.admit)

    def _read_preamble(self, preamble: PreambleReader, data: bytes) -> None:
        try:
            header = preamble.feed(data)
        except ProtocolError as why:
            fields = {"balancer": self._ends.client, "why": why}
            self._shared.log(Log("no-proxy-header", fields))
            self._transport.abort()
            return
        if header is None:
            return
        self._preamble, self._early = None, preamble.rest
        ends = self._ends if isinstance(header, Local) else header
        self._take(ends, self._shared.mail_server, self._shared.admission.identify)

    def _take(
        self, ends: Ends, mail_server: MailServer, admit: Callable[[Reception, Address], bool]
    ) -> None:
        """The client is known: go on, if there is room."""
        shared = self._shared
        if not admit(self, ends.client):
            self._turn_away(BUSY)
            return
        peer = shared.peer(ends)
        if not self._diverted or (mail_server.heard and not mail_server.endpoint.implicit):
            self._hand_over(peer, mail_server)
        else:
            self._transport.pause_reading()
            self._task = shared.loop.create_task(self._prepare(peer, mail_server))

    # -- before the greeting ------------------------------------------------------------------

    async def _prepare(self, peer: Peer, mail_server: MailServer) -> None:
        try:
            if mail_server.endpoint.implicit and not await self._secured(peer):
                return
            if not mail_server.heard:
                await hear(self._shared, mail_server)
            if not self._transport.is_closing():
                self._transport.resume_reading()
            self._hand_over(peer, mail_server)
        except Exception:  # noqa: BLE001 - the last line of defence of one session
            self._turn_away(self._shared.failure(peer.id, traceback.format_exc()))

    async def _secured(self, peer: Peer) -> bool:
        secured = await shake_hands(self._shared, self._transport, self, peer)
        if secured is None:
            self._transport.abort()
            self.connection_lost(None)
            return False
        self._transport = secured
        secured.pause_reading()
        return True

    def _hand_over(self, peer: Peer, mail_server: MailServer) -> None:
        shared = self._shared
        session = ClientConnection(shared, mail_server)
        shared.admission.replace(self, session)
        self._patience.stop()
        self._lost = True  # to us
        self._transport.set_protocol(session)
        session.greet(self._transport, peer)
        if self._early:
            session.data_received(self._early)

    def _turn_away(self, last_word: bytes) -> None:
        self._transport.write(last_word)
        self._transport.close()
