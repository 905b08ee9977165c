"""One connection onward, to the mail server or to a scanner's host."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from mxward.proxy.source import Source
from mxward.smtp.vocabulary import (
    Connected,
    Endpoint,
    Event,
    UpstreamBytes,
    UpstreamGone,
    UpstreamSecured,
)

__all__ = ["UpstreamConnection"]


class UpstreamConnection(asyncio.Protocol):
    """Tells its owner what happens, until the owner has left it; then it is silent."""

    __slots__ = ("_hold", "_made", "_task", "_tell", "_transport", "_trouble", "since")

    def __init__(
        self,
        tell: Callable[[Event], None],
        hold: Callable[[bool], None],
        trouble: Callable[[str], None] = lambda why: None,
        made: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._tell: Callable[[Event], None] | None = tell
        self._trouble = trouble  # called with why it could not be made, or secured
        self._made = made  # called with the seconds that it took, once it stands
        self._hold = hold  # called with True when no more can be written, with False when it can
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self.since = 0.0  # when it was begun, then when it stood, by the loop's clock

    def open(self, endpoint: Endpoint, source: Source | None, seconds: float) -> None:
        """Connect in the background, from `source` where one is given; `seconds` at most."""
        loop = asyncio.get_running_loop()
        self.since = loop.time()
        self._task = loop.create_task(self._connect(endpoint, source, seconds))

    async def _connect(self, endpoint: Endpoint, source: Source | None, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                if source is None:
                    there = str(endpoint.address), endpoint.port
                    await loop.create_connection(lambda: self, *there)
                else:
                    await self._connect_from(source, endpoint)
        except (OSError, TimeoutError) as why:
            self._fail(f"{endpoint}: {str(why) or 'no connection in time'}")

    async def _connect_from(self, source: Source, endpoint: Endpoint) -> None:
        loop = asyncio.get_running_loop()
        made = source.socket()
        try:
            await loop.sock_connect(made, (str(endpoint.address), endpoint.port))
            await loop.create_connection(lambda: self, sock=made)
        except BaseException:  # the time is over, or nobody waits any more
            made.close()
            raise

    def secure(self, context: ssl.SSLContext, name: str, seconds: float) -> None:
        """Go on in TLS. Nothing is read in the clear from here on; `seconds` at most."""
        if self._transport is not None:
            self._transport.pause_reading()
            work = self._secure(self._transport, context, name, seconds)
            self._task = asyncio.get_running_loop().create_task(work)

    async def _secure(
        self, plain: asyncio.Transport, context: ssl.SSLContext, name: str, seconds: float
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                plain, self, context, server_hostname=name, ssl_handshake_timeout=seconds
            )
        except (OSError, RuntimeError, ValueError) as why:
            plain.abort()
            self._fail(f"TLS: {str(why) or 'connection closed'}")
            return
        if secured is None or secured.is_closing():  # it was closed under way
            self._end("TLS: connection closed")
            return
        self._transport = secured
        if self._tell is None:
            secured.abort()
        self._say(UpstreamSecured())

    def adopt(self, tell: Callable[[Event], None], hold: Callable[[bool], None]) -> None:
        """Another owner: what happens from here on is told to it."""
        self._tell, self._hold = tell, hold

    @property
    def here(self) -> tuple[str, int]:
        """Our own end, once it stands."""
        if self._transport is None:
            return "0.0.0.0", 0
        address, port = self._transport.get_extra_info("sockname")[:2]
        return address.partition("%")[0], port

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def pause(self) -> None:
        """Take nothing more from the upstream for now."""
        if self._transport is not None and self._tell is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self._tell is not None:
            self._transport.resume_reading()

    def finish(self) -> None:
        """Close once all is written, and hear no more."""
        self._leave()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        self._tell = None
        self._hold(False)
        if self._task is not None:
            self._task.cancel()

    def _say(self, event: Event) -> None:
        if self._tell is not None:
            self._tell(event)

    def _fail(self, why: str) -> None:
        if self._tell is not None:
            self._trouble(why)
        self._end(why)

    def _end(self, why: str) -> None:
        """It is gone. Told once: the owner may have another by the time the socket is closed."""
        tell, self._tell = self._tell, None
        if tell is not None:
            self._hold(False)
            tell(UpstreamGone(why))

    # -- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._tell is None:
            self._transport.abort()
            return
        began, self.since = self.since, asyncio.get_running_loop().time()
        self._made(self.since - began)
        self._say(Connected())

    def data_received(self, data: bytes) -> None:
        self._say(UpstreamBytes(data))

    def connection_lost(self, why: Exception | None) -> None:
        self._end(str(why or "") or "connection closed")

    def pause_writing(self) -> None:
        if self._tell is not None:
            self._hold(True)

    def resume_writing(self) -> None:
        if self._tell is not None:
            self._hold(False)
