"""The beginning of a connection, where it is not at once clear who comes, and to whom.

A load balancer's connection begins with a PROXY header that tells who the client is; what is no
such header ends it. One that was diverted on its way to a mail server is for that one: a mail
server that has not said yet what it offers is asked before its client is greeted, and TLS comes
first where that is what its port is for. Until then nothing is read: uvloop reads from whatever
connection it has just made, paused or not, so the loop has to give it back meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import socket
import traceback
from collections.abc import Callable
from typing import cast

from mxward.networks import Address
from mxward.proxy.connection import BUSY, ClientConnection, ends_of
from mxward.proxy.handshake import secure_accepted
from mxward.proxy.learning import hear
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
        "_ends",
        "_patience",
        "_peer",
        "_preamble",
        "_rest",
        "_server",
        "_shared",
        "_task",
        "_transport",
    )

    def __init__(self, shared: Shared, *, diverted: bool = False) -> None:
        self._shared = shared
        self._diverted = diverted
        self._server = shared.mail_server
        self._patience = Patience(shared.loop, self.shut)
        self._preamble: PreambleReader | None = None
        self._rest = b""  # what came behind it
        self._peer: Peer | None = None  # once it is known, and there is room
        self._task: asyncio.Task[None] | None = None

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        try:
            if self._peer is not None:  # the loop has it again
                self._hand_over(self._peer)
            else:
                self._find_out(self._transport)
        except Exception:  # noqa: BLE001 - the last line of defence of one session
            self._shared.admission.leave(self)
            self._turn_away(self._shared.failure(self._shared.new_id(), traceback.format_exc()))

    def data_received(self, data: bytes) -> None:
        if self._preamble is not None:
            self._read_preamble(self._preamble, data)

    def connection_lost(self, why: Exception | None) -> None:
        if self._task is None:  # else it was given back, or its handshake has failed
            self._leave()

    def shut(self) -> None:
        """Nothing is under way yet."""
        if self._task is not None:
            self._task.cancel()
        else:
            self._transport.abort()

    def _leave(self) -> None:
        self._shared.admission.leave(self)
        self._patience.stop()

    # -- who comes, and to whom ---------------------------------------------------------------

    def _find_out(self, transport: asyncio.Transport) -> None:
        ends, shared = ends_of(transport), self._shared
        if ends is None:
            transport.abort()
            return
        self._ends = ends
        if self._diverted:
            self._take_diverted(transport.get_extra_info("socket"))
        elif ends.client not in shared.balancers:
            self._take(ends, shared.admission.admit)
        elif shared.admission.expect(self, ends.client):
            self._preamble = PreambleReader()
            self._patience.wait(shared.settings.timeouts.handshake)
        else:
            self._turn_away(BUSY)

    def _take_diverted(self, connection: socket.socket) -> None:
        """Find out where it was going. Who has connected here by himself is told so, no more: that
        is all the watchdog needs to see that we are alive.
        """
        shared, ends = self._shared, self._ends
        endpoint = shared.diversion.mail_server_of(connection) if shared.diversion else None
        if endpoint is None:
            self._turn_away(_NOT_HERE)
            return
        self._server = shared.mail_server_at(endpoint)
        ends = Ends(ends.client, ends.client_port, endpoint.address, endpoint.port)
        self._take(ends, shared.admission.admit)

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
        self._preamble, self._rest = None, preamble.rest
        ends = self._ends if isinstance(header, Local) else header
        self._take(ends, self._shared.admission.identify)

    def _take(self, ends: Ends, admit: Callable[[Reception, Address], bool]) -> None:
        """The client is known: go on, if there is room."""
        if not admit(self, ends.client):
            self._turn_away(BUSY)
            return
        peer, server = self._shared.peer(ends), self._server
        if not self._diverted or (server.heard and not server.endpoint.implicit):
            self._hand_over(peer)
        else:
            self._peer = peer
            mine = os.dup(self._transport.get_extra_info("socket").fileno())
            self._task = self._shared.loop.create_task(self._prepare(socket.socket(fileno=mine)))
            self._transport.abort()  # it has not been read from; the client has lost nothing

    # -- before the greeting ------------------------------------------------------------------

    async def _prepare(self, connection: socket.socket) -> None:
        """Nobody reads from the connection until its mail server is known."""
        shared, server, peer = self._shared, self._server, self._peer
        connection.setblocking(False)
        given = False
        try:
            if not server.heard:
                await hear(shared, server)
            if server.endpoint.implicit and peer is not None:
                given = await secure_accepted(shared, connection, self, peer)
            else:
                await shared.loop.connect_accepted_socket(lambda: self, connection)
                given = True
        except OSError:  # it is gone
            pass
        finally:
            if not given:
                connection.close()
                self._leave()

    def _hand_over(self, peer: Peer) -> None:
        session = ClientConnection(self._shared, self._server)
        self._shared.admission.replace(self, session)
        self._patience.stop()
        self._transport.set_protocol(session)
        session.greet(self._transport, peer)
        if self._rest:
            session.data_received(self._rest)

    def _turn_away(self, last_word: bytes) -> None:
        self._transport.write(last_word)
        self._transport.close()
