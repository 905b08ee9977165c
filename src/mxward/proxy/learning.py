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
from mxward.proxy.mail_server import MailServer
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

__all__ = ["hear", "learn", "watch"]

PAUSE = 10.0
"""Seconds between tries while the mail server does not answer."""
PATIENCE = 30.0
HOLD = 3.0
"""Seconds that a client waits for its greeting, so that it is not offered less than there is."""
MOST_QUESTIONS = 100
"""How many are open at once: of a network that is diverted, clients choose whom we ask."""


async def learn(shared: Shared) -> bool:
    """Try until the mail server has said its EHLO. Returns whether it offers STARTTLS.

    A session may have heard it before; but within TLS, where STARTTLS is offered no more.
    """
    while True:
        try:
            return await _ask(shared, shared.mail_server)
        except (OSError, TimeoutError, ProtocolError) as why:
            _silent(shared, shared.mail_server, why)
            await asyncio.sleep(PAUSE)


async def hear(shared: Shared, mail_server: MailServer) -> None:
    """Ask a mail server whose clients are diverted, before the first of them is greeted.

    All who wait share one question. None waits for long after it was put, nor is a server asked
    again that has just not answered.
    """
    now = shared.loop.time()
    if _may_ask(shared, mail_server, now):
        mail_server.asked_at = now
        mail_server.asking = asking = shared.loop.create_task(_hear(shared, mail_server))
        shared.asking.add(asking)
        asking.add_done_callback(shared.asking.discard)
    left = mail_server.asked_at + HOLD - now
    if mail_server.asking is not None and left > 0:
        await asyncio.wait((mail_server.asking,), timeout=left)


def _may_ask(shared: Shared, mail_server: MailServer, now: float) -> bool:
    asking = mail_server.asking
    if asking is not None and not asking.done():
        return False
    return now >= mail_server.asked_at + PAUSE and len(shared.asking) < MOST_QUESTIONS


async def _hear(shared: Shared, mail_server: MailServer) -> None:
    try:
        await _ask(shared, mail_server)
    except (OSError, TimeoutError, ProtocolError) as why:
        shared.failed(mail_server.endpoint, str(why) or "no answer in time")


def _silent(shared: Shared, mail_server: MailServer, why: Exception) -> None:
    fields = {"upstream": mail_server.endpoint, "why": str(why) or "no answer in time"}
    shared.log(Log("mail-server-silent", fields, loud=True))
    shared.onward.failed(mail_server.endpoint)


async def watch(current: Callable[[], Shared]) -> None:
    """Ask again while the last that was heard of the mail server is that it fails."""
    while True:
        await asyncio.sleep(PAUSE)
        shared = current()
        failed = shared.onward.has_failed
        if failed is None:
            continue
        mail_server = shared.known(failed)
        if mail_server is None:
            shared.onward.forget()
            continue
        with suppress(OSError, TimeoutError, ProtocolError):
            await _ask(shared, mail_server)


async def _ask(shared: Shared, mail_server: MailServer) -> bool:
    """Ask once; whether STARTTLS is offered. Raises OSError, TimeoutError, ProtocolError."""
    asking = _Asking(shared)
    async with asyncio.timeout(PATIENCE):
        offered = await asking.ask(mail_server.endpoint)
    shared.learned(mail_server, offered)
    if shared.settings.identity is Identity.XCLIENT and "XCLIENT" not in offered:
        shared.troubles.met(mail_server.endpoint, "XCLIENT is not offered to mxward")
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
            introduction = self._introduction(endpoint, connection.here)
            hop = Hop(introduction, endpoint.tls, endpoint.implicit)
            connection.write(hop.take_outgoing())
            if endpoint.implicit:
                self._secure(connection, endpoint)
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
                    self._secure(connection, endpoint)
                elif isinstance(outcome, Broken):
                    raise ProtocolError(outcome.why)
                elif isinstance(outcome, Rejected):
                    raise ProtocolError(f"answered {outcome.reply}")
                elif not isinstance(outcome, Greeted):
                    raise ProtocolError("answered what was not asked")

    def _secure(self, connection: UpstreamConnection, endpoint: Endpoint) -> None:
        context = self._shared.upstream_contexts[endpoint.tls]
        connection.secure(context, endpoint.name or str(endpoint.address), PATIENCE)
