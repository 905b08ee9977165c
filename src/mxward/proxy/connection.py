"""One client's connection: its bytes become events, the relay's effects are carried out.

Back-pressure both ways: while the upstream takes no more, nothing is read from the client; while
the client takes no more, nothing is read from either. An inside failure ends the session with a 421
and an id; the log has the exception.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

from mxward import networks
from mxward.networks import Address
from mxward.proxy.handshake import shake_hands
from mxward.proxy.mail_server import MailServer
from mxward.proxy.outward import Outward
from mxward.proxy.patience import Patience
from mxward.proxy.shared import Shared
from mxward.proxy.tls import names_of
from mxward.smtp.identity import Peer
from mxward.smtp.phases import CLIENTS
from mxward.smtp.preamble import Ends
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.replies import reply
from mxward.smtp.vocabulary import (
    Abort,
    ClientBytes,
    ClientEnd,
    ClientGone,
    ClientSecured,
    Close,
    Connect,
    Decide,
    Decided,
    Effect,
    Event,
    Finish,
    Keep,
    Later,
    Learned,
    Log,
    SecureClient,
    SecureUpstream,
    Send,
    SendUpstream,
    TimedOut,
)

__all__ = ["BUSY", "ClientConnection", "ends_of"]

_OCTETS = (ClientBytes, ClientEnd)
BUSY = bytes(reply(421, "4.3.2 Too busy, try again later"))


class ClientConnection(asyncio.Protocol):
    """Lives as long as the client's connection does."""

    __slots__ = (
        "__weakref__",
        "_client_full",
        "_events",
        "_lost",
        "_mail_server",
        "_outward",
        "_patience",
        "_peer",
        "_progress",
        "_reading",
        "_relay",
        "_running",
        "_securing",
        "_shared",
        "_task",
        "_transport",
    )

    def __init__(self, shared: Shared, mail_server: MailServer | None = None) -> None:
        """For the `mail_server` of the clients that connect to us, where it is not another."""
        self._shared = shared
        self._mail_server = mail_server or shared.mail_server
        self._patience = Patience(shared.loop, self._on_patience_lost)
        self._relay: Relay | None = None
        self._outward = Outward(shared, self._on, self._regulate)
        self._task: asyncio.Task[None] | None = None  # a decision, or the handshake
        self._events: list[Event] = []  # that came while another was handled
        self._progress = 0
        self._running = False
        self._reading = True
        self._securing = False
        self._client_full = False
        self._lost = False

    def greet(self, transport: asyncio.Transport, peer: Peer) -> None:
        """The client is known, and there is room."""
        self._transport, self._peer = transport, peer
        mail_server = self._mail_server
        try:
            relay = self._relay = Relay(peer, mail_server.settings, mail_server.offers)
            if mail_server.endpoint.implicit:
                self._on(ClientSecured(self._certificates()))
            for effect in relay.greet():
                self._perform(effect)
            self._patience.wait(relay.patience)
        except Exception:  # noqa: BLE001
            self._fail(traceback.format_exc())

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        ends = ends_of(transport)
        if ends is None:
            self._transport.abort()
        elif self._shared.admission.admit(self, ends.client):
            self.greet(self._transport, self._shared.peer(ends))
        else:
            self._transport.write(BUSY)
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._on(ClientBytes(data))

    def eof_received(self) -> bool:
        if self._relay is None:
            return False
        self._on(ClientEnd())
        # It may still read, and the relay says when to close; but TLS ends on both sides at once.
        return self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, why: Exception | None) -> None:
        if self._lost:
            return
        self._shared.admission.leave(self)
        self._on(ClientGone())
        self._lost = True
        self._patience.stop()
        self._outward.let_go()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._client_full = True
        self._outward.hold(True)
        self._regulate()

    def resume_writing(self) -> None:
        self._client_full = False
        self._outward.hold(False)
        self._regulate()

    # -- the session --------------------------------------------------------------------------

    def shut(self) -> None:
        """The proxy stops: end the session unless a message is under way."""
        relay = self._relay
        if relay is None or relay.phase is Phase.TLS:
            self._transport.abort()
        elif relay.phase in (Phase.COMMAND, Phase.AUTH_LINE) and not relay.in_transaction:
            self._send(Send(bytes(reply(421, "4.3.2 The server is stopping, try again"))))
            self._on(ClientGone())
            self._transport.close()

    def _on(self, event: Event) -> None:
        """Handle an event and all that follow from it, one after the other."""
        relay = self._relay
        if self._lost or relay is None:
            return
        if self._running:
            self._events.append(event)
            return
        self._running = True
        phase = relay.phase
        try:
            for effect in relay.handle(event, time.time()):
                _PERFORM[type(effect)](self, effect)
            while self._events:
                for effect in relay.handle(self._events.pop(0), time.time()):
                    _PERFORM[type(effect)](self, effect)
        except Exception:  # noqa: BLE001 - the last line of defence of one session
            self._fail(traceback.format_exc())
        finally:
            self._running = False
        if phase is not relay.phase or self._has_got_on(relay, event):
            self._patience.wait(relay.patience)
        if not self._reading or relay.full:
            self._regulate()

    def _has_got_on(self, relay: Relay, event: Event) -> bool:
        """Whether more patience is due: a client's octets alone buy no time, nor do they while
        somebody else owes an answer."""
        before, self._progress = self._progress, relay.progress
        if isinstance(event, _OCTETS):
            return self._progress != before and relay.phase in CLIENTS
        return True

    def _perform(self, effect: Effect) -> None:
        _PERFORM[type(effect)](self, effect)

    def _fail(self, trace: str) -> None:
        """A mistake of ours: the client may try again, and the log has it all."""
        self._events.clear()
        self._outward.abort(Abort())
        self._send(Send(self._shared.failure(self._peer.id, trace)))
        self._transport.close()

    def _regulate(self) -> None:
        """Read from the client only while there is somewhere for it to go."""
        full = self._relay is not None and self._relay.full
        wanted = not (self._outward.full or self._client_full or self._securing or full)
        if wanted != self._reading and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _on_patience_lost(self) -> None:
        if self._relay is None or self._relay.phase is Phase.CLOSED:
            self._transport.abort()
        else:
            self._on(TimedOut())

    # -- effects ------------------------------------------------------------------------------

    def _send(self, effect: Send) -> None:
        if not self._transport.is_closing():
            self._transport.write(effect.data)

    def _secure_client(self, effect: SecureClient) -> None:
        """Nothing more may be read in the clear: the pause comes before the answer."""
        self._securing = True
        self._regulate()
        self._send(Send(effect.data))
        self._task = self._shared.loop.create_task(self._shake_hands())

    async def _shake_hands(self) -> None:
        secured = await shake_hands(self._shared, self._transport, self, self._peer)
        if secured is None:
            self._transport.abort()
            self.connection_lost(None)
            return
        self._transport = secured
        self._securing = False
        self._reading = True
        self._on(ClientSecured(self._certificates()))

    def _certificates(self) -> tuple[str, ...]:
        certificate = self._transport.get_extra_info("peercert")
        return names_of(certificate) if certificate else ()

    def _decide(self, effect: Decide) -> None:
        decided = self._shared.decider.at_once(effect.arrival)
        if decided is not None:
            self._on_decided(decided)
        else:
            self._task = self._shared.loop.create_task(self._decide_later(effect))

    async def _decide_later(self, effect: Decide) -> None:
        try:
            decided = await self._shared.decider.wait(effect.arrival)
        except Exception:  # noqa: BLE001
            self._fail(traceback.format_exc())
            return
        self._on_decided(decided)

    def _on_decided(self, decided: Decided) -> None:
        self._shared.decided(decided.arrival, decided.decision)
        self._on(decided)

    def _close(self, _: Close) -> None:
        self._transport.close()

    def _later(self, _: Later) -> None:
        self._shared.loop.call_soon(self._on, ClientBytes(b""))

    def _learned(self, effect: Learned) -> None:
        self._shared.learned(self._mail_server, effect.extensions)

    def _log(self, effect: Log) -> None:
        self._shared.log(effect)


def ends_of(transport: asyncio.BaseTransport) -> Ends | None:
    """Of a client's connection, as it has come here; None where it is gone already."""
    client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    if not client or not server:
        return None
    return Ends(_address(client[0]), client[1], _address(server[0]), server[1])


@lru_cache(maxsize=10_000)
def _address(host: str) -> Address:
    """Of a socket's end. Clients come back, and reading an address costs as much as a command."""
    return networks.address(host.partition("%")[0])


_PERFORM: dict[type, Callable[[ClientConnection, Any], None]] = {
    Abort: lambda connection, effect: connection._outward.abort(effect),
    Close: ClientConnection._close,
    Connect: lambda connection, effect: connection._outward.connect(effect),
    Decide: ClientConnection._decide,
    Finish: lambda connection, effect: connection._outward.finish(effect),
    Keep: lambda connection, effect: connection._outward.keep(effect),
    Later: ClientConnection._later,
    Learned: ClientConnection._learned,
    Log: ClientConnection._log,
    SecureClient: ClientConnection._secure_client,
    SecureUpstream: lambda connection, effect: connection._outward.secure(effect),
    Send: ClientConnection._send,
    SendUpstream: lambda connection, effect: connection._outward.send(effect),
}
