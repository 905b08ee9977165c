"""Asks the mail server what it offers: before the first client, and again while it does not answer.

So the first client is already offered it, and whoever asks for the proxy's health need not wait for
the next client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from mxward import networks
from mxward.proxy.shared import Shared
from mxward.proxy.upstream import UpstreamConnection
from mxward.smtp import ProtocolError
from mxward.smtp.extensions import Extensions
from mxward.smtp.hello import Introduction
from mxward.smtp.hop import Hop
from mxward.smtp.identity import Identity, Peer, header
from mxward.smtp.secrecy import Tls
from mxward.smtp.steps import Broken, Greeted, Rejected, SecureNow
from mxward.smtp.vocabulary import (
    Endpoint,
    Event,
    Log,
    UpstreamBytes,
    UpstreamGone,
    UpstreamSecured,
)

__all__ = ["learn", "watch"]

PAUSE = 10.0
"""Seconds between tries while the mail server does not answer."""
PATIENCE = 30.0


async def learn(shared: Shared) -> bool:
    """Try until the mail server has said its EHLO. Returns whether it offers STARTTLS.

    A session may have heard it before; but within TLS, where STARTTLS is offered no more.
    """
    mail_server = shared.settings.mail_server
    while True:
        try:
            starttls = await _ask(shared)
        except (OSError, TimeoutError, ProtocolError) as why:
            fields = {"upstream": mail_server, "why": str(why) or "no answer in time"}
            shared.log(Log("mail-server-silent", fields, loud=True))
            shared.onward.failed(mail_server)
            await asyncio.sleep(PAUSE)
        else:
            offered = shared.offers.mail_server
            if shared.settings.identity is Identity.XCLIENT and "XCLIENT" not in offered:
                shared.troubles.met(mail_server, "XCLIENT is not offered to mxward")
            return starttls


async def watch(current: Callable[[], Shared]) -> None:
    """Ask again while the last that was heard of the mail server is that it fails."""
    while True:
        await asyncio.sleep(PAUSE)
        if current().onward.mail_server_fails:
            with suppress(OSError, TimeoutError, ProtocolError):
                await _ask(current())


async def _ask(shared: Shared) -> bool:
    """Ask once; whether STARTTLS is offered. Raises OSError, TimeoutError, ProtocolError."""
    asking = _Asking(shared)
    async with asyncio.timeout(PATIENCE):
        shared.learned(await asking.ask(shared.settings.mail_server))
    return asking.starttls


class _Asking:
    """One conversation: greeting, EHLO, TLS where it is wanted, QUIT."""

    def __init__(self, shared: Shared) -> None:
        self.starttls = False
        self._shared = shared

    async def ask(self, endpoint: Endpoint) -> Extensions:
        """What it offers; in the clear where TLS is opportunistic and does not work."""
        try:
            return await self._converse(endpoint)
        except ProtocolError:
            if endpoint.tls is not Tls.OPPORTUNISTIC or not self.starttls:
                raise
            return await self._converse(replace(endpoint, tls=Tls.NONE))

    async def _converse(self, endpoint: Endpoint) -> Extensions:
        events: asyncio.Queue[Event] = asyncio.Queue()
        connection = UpstreamConnection(events.put_nowait, lambda full: None)
        connection.open(endpoint, None, PATIENCE)
        try:
            stands = await events.get()
            if isinstance(stands, UpstreamGone):
                raise ProtocolError(stands.why)
            hop = Hop(self._introduction(endpoint, connection.here), endpoint.tls)
            connection.write(hop.take_outgoing())
            while not hop.ready:
                self._on(await events.get(), hop, connection, endpoint)
                connection.write(hop.take_outgoing())
            self.starttls = self.starttls or "STARTTLS" in hop.extensions
            hop.quit()
            connection.write(hop.take_outgoing())
            return hop.extensions
        finally:
            connection.finish()

    def _introduction(self, endpoint: Endpoint, here: tuple[str, int]) -> Introduction:
        """mxward itself is the client."""
        settings = self._shared.settings
        peer = Peer(networks.address(here[0]), here[1], endpoint.address, endpoint.port, "")
        return Introduction(settings.hostname, header(settings.identity, peer))

    def _on(
        self, event: Event, hop: Hop, connection: UpstreamConnection, endpoint: Endpoint
    ) -> None:
        if isinstance(event, UpstreamGone):
            raise ProtocolError(event.why)
        if isinstance(event, UpstreamSecured):
            hop.secured()
        elif isinstance(event, UpstreamBytes):
            for outcome in hop.receive(event.data):
                if isinstance(outcome, SecureNow):
                    self.starttls = True
                    context = self._shared.upstream_contexts[endpoint.tls]
                    name = endpoint.name or str(endpoint.address)
                    connection.secure(context, name, PATIENCE)
                elif isinstance(outcome, Broken):
                    raise ProtocolError(outcome.why)
                elif isinstance(outcome, Rejected):
                    raise ProtocolError(f"answered {outcome.reply}")
                elif not isinstance(outcome, Greeted):
                    raise ProtocolError("answered what was not asked")
