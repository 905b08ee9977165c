"""Small mail servers on loopback that behave well, or badly, and write down what they heard."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

__all__ = ["Heard", "MailServer", "Talk", "standing"]


@dataclass
class Heard:
    """One session, as the server saw it. Times are the loop's."""

    began: float
    ended: float = 0.0
    lines: list[str] = field(default_factory=list)


class Talk:
    """One connection. `line` waits for a command; an empty one: the client is gone."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard
    ) -> None:
        self.reader, self.writer, self.heard = reader, writer, heard

    async def line(self) -> str:
        text = (await self.reader.readline()).decode().rstrip("\r\n")
        if text:
            self.heard.lines.append(text)
        return text

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()

    def reset(self) -> None:
        """Close so that the other side is told by a reset, whatever it has not read yet."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def secure(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context)

    async def serve(
        self, answer: Callable[[str], str | None], hello: str = "250-PIPELINING"
    ) -> None:
        """The usual: `answer` says what to MAIL and RCPT, where it is not 250."""
        await self.say("220 mail.test ESMTP")
        while line := await self.line():
            verb = line[:4].upper()
            if verb == "EHLO":
                await self.say("250-mail.test", hello, "250 8BITMIME")
            elif verb == "QUIT":
                await self.say("221 bye")
                return
            else:
                await self.say(answer(line) or "250 OK")


@dataclass
class MailServer:
    """What it does with each connection, and what it heard in each, in order."""

    address: str
    behave: Callable[[Talk], Awaitable[None]]
    port: int = 25
    tls: ssl.SSLContext | None = None  # from the first octet
    sessions: list[Heard] = field(default_factory=list)

    async def _on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        heard = Heard(loop.time())
        self.sessions.append(heard)
        try:
            await self.behave(Talk(reader, writer, heard))
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client may leave when it likes, and the test may end
        finally:
            heard.ended = loop.time()
            writer.close()

    async def start(self) -> asyncio.Server:
        return await asyncio.start_server(self._on, self.address, self.port, ssl=self.tls)


@asynccontextmanager
async def standing(*servers: MailServer) -> AsyncIterator[None]:
    """They listen as long as this lasts; sessions under way are cut off at its end."""
    started = [await server.start() for server in servers]
    try:
        yield
    finally:
        for server in started:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
