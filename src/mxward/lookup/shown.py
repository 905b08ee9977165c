"""What a mail server shows to whoever connects: whether it offers STARTTLS, and its certificate.

The certificate is read and believed by nobody: it is looked at. Supported: EHLO, STARTTLS
(RFC 3207), QUIT, and something that must be said first (PROXY). Not supported: TLS from the first
byte, the certificates above the server's own (Python shows them to none of its users before 3.13).
"""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from cryptography import x509

from mxward import networks
from mxward.smtp import ProtocolError
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity, Peer, header
from mxward.smtp.replies import Reply, ReplyReader
from mxward.smtp.vocabulary import Endpoint

__all__ = ["NothingShown", "Shown", "look"]


_FAREWELL = 0.5  # seconds for the answer to QUIT


class NothingShown(Exception):
    """The mail server could not be asked; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What was offered, and the certificate that came with it."""

    starttls: bool
    certificate: x509.Certificate | None = None


async def look(
    endpoint: Endpoint, helo: str, identity: Identity, context: ssl.SSLContext, within: float
) -> Shown:
    """Ask, for so many seconds at most in all. Raises NothingShown.

    `context` must verify nothing. `identity` is what the mail server expects to hear first: it is
    told that we are the client.
    """
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(str(endpoint.address), endpoint.port)
            try:
                return await _Talk(reader, writer, helo, identity).look(context)
            finally:
                writer.transport.abort()
    except TimeoutError:
        raise NothingShown(f"no answer within {within:g} s") from None
    except ProtocolError as why:
        raise NothingShown(str(why)) from None
    except ssl.SSLError as why:
        raise NothingShown(f"TLS fails: {why.reason or 'it ends early'}") from None
    except OSError as why:
        broke = os.strerror(why.errno) if why.errno else "the connection broke"
        raise NothingShown(broke) from None
    except ValueError:
        raise NothingShown("its certificate is broken") from None


class _Talk:
    """One connection, one question after the other."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        helo: str,
        identity: Identity,
    ) -> None:
        here, there = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        peer = Peer(networks.address(here[0]), here[1], networks.address(there[0]), there[1], "")
        writer.write(header(identity, peer))
        self._reader = reader
        self._writer = writer
        self._helo = helo
        self._replies = ReplyReader()

    async def look(self, context: ssl.SSLContext) -> Shown:
        _expect(await self._reply(), 220)
        ehlo = await self._ask(f"EHLO {self._helo}")
        if not (ehlo.positive and "STARTTLS" in Extensions.read(ehlo)):
            await self._quit()
            return Shown(starttls=False)
        _expect(await self._ask("STARTTLS"), 220)
        await self._writer.start_tls(context)
        secure = cast(ssl.SSLObject, self._writer.get_extra_info("ssl_object"))
        der = secure.getpeercert(binary_form=True)
        await self._quit()
        return Shown(True, x509.load_der_x509_certificate(der) if der else None)

    async def _quit(self) -> None:
        """Be polite. What was asked has been answered, so nothing can go wrong any more."""
        with suppress(OSError, ProtocolError):  # a TimeoutError is an OSError
            async with asyncio.timeout(_FAREWELL):
                await self._ask("QUIT")

    async def _ask(self, line: str) -> Reply:
        self._writer.write(line.encode() + b"\r\n")
        return await self._reply()

    async def _reply(self) -> Reply:
        while True:
            heard = await self._reader.read(4096)
            if not heard:
                raise ProtocolError("it closes the connection")
            for reply in self._replies.feed(heard):
                return reply


def _expect(reply: Reply, code: int) -> None:
    if reply.code != code:
        raise ProtocolError(f"it answers {reply}")
