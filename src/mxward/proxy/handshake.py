"""The TLS handshake with a client: after its STARTTLS, or from the first octet (RFC 8314 3.3)."""

from __future__ import annotations

import asyncio
import socket

from mxward.proxy.shared import Shared
from mxward.smtp.identity import Peer
from mxward.smtp.vocabulary import Log

__all__ = ["secure_accepted", "shake_hands"]


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
        _tell(shared, peer, why)
        return None


async def secure_accepted(
    shared: Shared, accepted: socket.socket, protocol: asyncio.Protocol, peer: Peer
) -> bool:
    """Go on in TLS on a socket that nobody has read from; False where the handshake has failed.

    `protocol` is told that its connection stands when TLS does.
    """
    try:
        await shared.loop.connect_accepted_socket(
            lambda: protocol,
            accepted,
            ssl=shared.context_for(peer.client),
            ssl_handshake_timeout=shared.settings.timeouts.handshake,
        )
    except (OSError, RuntimeError) as why:
        _tell(shared, peer, why)
        return False
    return True


def _tell(shared: Shared, peer: Peer, why: Exception) -> None:
    shared.handshake_failed(peer.client, why)
    fields = {"id": peer.id, "client": peer.client, "why": str(why) or "connection closed"}
    shared.log(Log("tls-failed", fields))
