"""The TLS handshake with a client, after its STARTTLS."""

from __future__ import annotations

import asyncio

from mxward.proxy.shared import Shared
from mxward.smtp.identity import Peer
from mxward.smtp.vocabulary import Log

__all__ = ["shake_hands"]


async def shake_hands(
    shared: Shared, plain: asyncio.Transport, protocol: asyncio.Protocol, peer: Peer
) -> asyncio.Transport | None:
    """The transport that goes on in TLS, None where the handshake has failed.

    `plain` must not be read from any more (its `pause_reading` called), for what came in the clear
    would be taken for what came in TLS.
    """
    seconds = shared.settings.timeouts.handshake
    try:
        secured = await shared.loop.start_tls(
            plain,
            protocol,
            shared.context_for(peer.client),
            server_side=True,
            ssl_handshake_timeout=seconds,
        )
        if secured is None or secured.is_closing():  # uvloop raises nothing where we have closed it
            raise ConnectionAbortedError
        return secured
    except (OSError, RuntimeError) as why:
        shared.handshake_failed(peer.client, why)
        fields = {"id": peer.id, "client": peer.client, "why": str(why) or "connection closed"}
        shared.log(Log("tls-failed", fields))
        return None
