"""One client's connection: its bytes become events, the relay's effects are carried out.

Back-pressure both ways: while the upstream takes no more, nothing is read from the client; while
the client takes no more, nothing is read from either. An inside failure ends the session with a 421
and an id; the log has the exception.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from mxward import networks
from mxward.proxy.shared import Shared
from mxward.proxy.upstream import UpstreamConnection
from mxward.smtp.identity import Peer
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.replies import reply
from mxward.smtp.vocabulary import (
    Abort,
    ClientBytes,
    ClientEnd,
    ClientGone,
    Close,
    Connect,
    Decide,
    Decided,
    Event,
    Finish,
    Later,
    Learned,
    Log,
    Send,
    SendUpstream,
    TimedOut,
)

__all__ = ["ClientConnection"]


class ClientConnection(asyncio.Protocol):
    """Lives as long as the client's connection does."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loop = asyncio.get_running_loop()
        self._upstream: UpstreamConnection | None = None
        self._events: deque[Event] = deque()
        self._running = False
        self._reading = True
        self._upstream_full = False
        self._client_full = False
        self._deciding: asyncio.Task[None] | None = None
        self._deadline = 0.0  # when TimedOut is due
        self._rings = 0.0  # when the timer looks
        self._lost = False
        self._timer: asyncio.TimerHandle | None = None

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        client, server = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not client or not server:
            self._transport.abort()
            return
        address = networks.address(client[0].partition("%")[0])
        if not self._shared.admit(self, address):
            self._transport.write(bytes(reply(421, "4.3.2 Too busy, try again later")))
            self._transport.close()
            return
        self._peer = Peer(
            address,
            client[1],
            networks.address(server[0].partition("%")[0]),
            server[1],
            self._shared.new_id(),
        )
        self._relay = Relay(self._peer, self._shared.settings, self._shared.mail_server)
        for effect in self._relay.greet():
            _PERFORM[type(effect)](self, effect)
        self._be_patient()

    def data_received(self, data: bytes) -> None:
        self._on(ClientBytes(data))

    def eof_received(self) -> bool:
        self._on(ClientEnd())
        return True  # the client may still read: the relay says when to close

    def connection_lost(self, why: Exception | None) -> None:
        self._shared.leave(self)
        self._on(ClientGone())
        self._lost = True
        if self._timer is not None:
            self._timer.cancel()
        if self._deciding is not None:
            self._deciding.cancel()

    def pause_writing(self) -> None:
        self._client_full = True
        if self._upstream is not None:
            self._upstream.pause()
        self._regulate()

    def resume_writing(self) -> None:
        self._client_full = False
        if self._upstream is not None:
            self._upstream.resume()
        self._regulate()

    # -- the session --------------------------------------------------------------------------

    def shut(self) -> None:
        """The proxy stops: end the session unless a message is under way."""
        if self._relay.phase is Phase.COMMAND and not self._relay.in_transaction:
            self._send(Send(bytes(reply(421, "4.3.2 The server is stopping, try again"))))
            self._on(ClientGone())
            self._transport.close()

    def _on(self, event: Event) -> None:
        """Handle an event and all that follow from it, one after the other."""
        if self._lost or not hasattr(self, "_relay"):
            return
        self._events.append(event)
        if self._running:
            return
        self._running = True
        phase = self._relay.phase
        try:
            while self._events:
                for effect in self._relay.handle(self._events.popleft(), time.time()):
                    _PERFORM[type(effect)](self, effect)
        except Exception:  # noqa: BLE001 - the last line of defence of one session
            self._fail(traceback.format_exc())
        finally:
            self._running = False
        if not (phase is self._relay.phase and _is_beside_the_point(event, phase)):
            self._be_patient()
        self._regulate()

    def _fail(self, trace: str) -> None:
        """A mistake of ours: the client may try again, and the log has it all."""
        self._events.clear()
        self._abort(Abort())
        self._log(Log("failure", {"id": self._peer.id, "trace": trace}, loud=True))
        self._transport.write(
            bytes(reply(421, f"4.3.0 An internal failure, try again (id {self._peer.id})"))
        )
        self._transport.close()

    def _regulate(self) -> None:
        """Read from the client only while there is somewhere for it to go."""
        wanted = not (self._upstream_full or self._client_full or self._relay.full)
        if wanted != self._reading and not self._transport.is_closing():
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _on_upstream_full(self, full: bool) -> None:
        self._upstream_full = full
        self._regulate()

    # -- time ---------------------------------------------------------------------------------

    def _be_patient(self) -> None:
        """Wait anew. The timer is set anew only where it would ring too late: else it goes on."""
        self._deadline = self._loop.time() + self._relay.patience
        if self._timer is None or self._deadline < self._rings:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = self._deadline
        self._timer = self._loop.call_at(self._rings, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._set_timer()
        elif self._relay.phase is Phase.CLOSED:
            self._transport.abort()
        else:
            self._on(TimedOut())

    # -- effects ------------------------------------------------------------------------------

    def _send(self, effect: Send) -> None:
        if not self._transport.is_closing():
            self._transport.write(effect.data)

    def _send_upstream(self, effect: SendUpstream) -> None:
        if self._upstream is not None:
            self._upstream.write(effect.data)

    def _decide(self, effect: Decide) -> None:
        decided = self._shared.decider.at_once(effect.arrival)
        if decided is not None:
            self._on_decided(decided)
        else:
            self._deciding = self._loop.create_task(self._decide_later(effect))

    async def _decide_later(self, effect: Decide) -> None:
        try:
            decided = await self._shared.decider.wait(effect.arrival)
        except Exception:  # noqa: BLE001
            self._fail(traceback.format_exc())
            return
        self._on_decided(decided)

    def _on_decided(self, decided: Decided) -> None:
        self._shared.findings.consider(decided.decision)
        self._on(decided)

    def _connect(self, effect: Connect) -> None:
        source = self._shared.source_for(effect.endpoint)
        self._upstream = UpstreamConnection(self._on, self._on_upstream_full)
        self._upstream.open(effect.endpoint, source)

    def _abort(self, _: Abort) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()

    def _finish(self, _: Finish) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.finish()

    def _close(self, _: Close) -> None:
        self._transport.close()

    def _later(self, _: Later) -> None:
        self._loop.call_soon(self._on, ClientBytes(b""))

    def _learned(self, effect: Learned) -> None:
        self._shared.mail_server = effect.extensions

    def _log(self, effect: Log) -> None:
        self._shared.log(effect)


def _is_beside_the_point(event: Event, phase: Phase) -> bool:
    """Whether this is a client's word while somebody else owes an answer: it buys no time."""
    return isinstance(event, ClientBytes | ClientEnd) and phase not in (Phase.COMMAND, Phase.DATA)


_PERFORM: dict[type, Callable[[ClientConnection, Any], None]] = {
    Abort: ClientConnection._abort,
    Close: ClientConnection._close,
    Connect: ClientConnection._connect,
    Decide: ClientConnection._decide,
    Finish: ClientConnection._finish,
    Later: ClientConnection._later,
    Learned: ClientConnection._learned,
    Log: ClientConnection._log,
    Send: ClientConnection._send,
    SendUpstream: ClientConnection._send_upstream,
}
