"""A client that speaks a line at a time, in the clear or in TLS, and can break off in every way."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from tests.integration.faulty import reset

__all__ = ["Caller", "anything_goes"]

_PATIENCE = 20.0  # seconds for one answer
_BLOCK = 1 << 16


def anything_goes() -> ssl.SSLContext:
    """A client's context that takes any certificate, as sending mail servers do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Caller:
    """One session. What it is told is "" where the connection has ended."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def call(cls, address: str, source: str = "") -> Caller:
        local = (source, 0) if source else None
        return cls(*await asyncio.open_connection(address, 25, local_addr=local, limit=_BLOCK))

    async def answer(self) -> str:
        """The first line of the next reply."""
        first = ""
        try:
            async with asyncio.timeout(_PATIENCE):
                while line := (await self.reader.readline()).decode():
                    first = first or line.rstrip()
                    if line[3:4] != "-":
                        return first
        except ConnectionError:
            pass
        return ""

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def say(self, *lines: str) -> str:
        """Lines one by one; the answer to the last."""
        answer = ""
        for line in lines:
            self.send(line.encode() + b"\r\n")
            answer = await self.answer()
        return answer

    async def say_at_once(self, lines: Sequence[str]) -> list[str]:
        """All lines in one go; the answer to each."""
        self.send("".join(f"{line}\r\n" for line in lines).encode())
        return [await self.answer() for _ in lines]

    async def secure(self, context: ssl.SSLContext) -> None:
        """STARTTLS, and EHLO again."""
        assert (await self.say("STARTTLS")).startswith("220")
        await self.writer.start_tls(context)
        await self.say("EHLO client.example")

    def half_close(self) -> None:
        """Send no more; in TLS there is no such thing (asyncio knows none)."""
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        reset(self.writer)
