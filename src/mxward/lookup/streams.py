"""One question and its answer over TCP (RFC 7766), for what is too long for a datagram."""

from __future__ import annotations

import asyncio

from mxward.lookup.servers import Address

__all__ = ["exchange"]


async def exchange(server: Address, ident: int, message: bytes) -> bytes:
    """Ask with a message that lacks its id. Raises OSError, and EOFError where too little comes.

    What has another id is no answer: OSError. Whoever asks bounds the time.
    """
    octets = ident.to_bytes(2) + message
    reader, writer = await asyncio.open_connection(str(server[1][0]), int(str(server[1][1])))
    try:
        writer.write(len(octets).to_bytes(2) + octets)
        length = int.from_bytes(await reader.readexactly(2))
        answer = await reader.readexactly(length)
    finally:
        writer.transport.abort()
    if answer[:2] != octets[:2]:
        raise OSError("an answer to another question")
    return answer
