"""Whether a proxy answers, by what it says first."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from mxward.intercept.probe import probe


async def heard(greeting: bytes | None) -> tuple[str, bytes]:
    """What the probe makes of a proxy that greets so, or not at all; and what it says itself."""
    said = bytearray()
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if greeting is not None:
            writer.write(greeting)
            if not greeting:
                writer.close()
        with contextlib.suppress(ConnectionResetError):  # who is told nonsense does not read on
            said.extend(await reader.read(100))
        writer.close()
        done.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        found = await probe(server.sockets[0].getsockname()[1], patience=0.3)
        await done.wait()
    return found, bytes(said)


@pytest.mark.parametrize(
    ("greeting", "why_not"),
    [
        (b"220 mail.example ESMTP\r\n", ""),
        (b"220-mail.example\r\n220 ESMTP\r\n", ""),
        (b"421 4.7.0 too many connections\r\n", ""),
        (None, "no greeting within 0.3 seconds"),
        (b"220 half a li", "no greeting within 0.3 seconds"),
        (b"", "closes without a greeting"),
        (b"554 no\r\n", "greets with anything but 220 or 421"),
        (b"HTTP/1.1 400 Bad Request\r\n", "greets with anything but 220 or 421"),
        (b"220" * 50_000, "greets with anything but 220 or 421"),
    ],
)
def test_a_greeting(greeting: bytes | None, why_not: str) -> None:
    found, said = asyncio.run(heard(greeting))
    assert found == why_not
    assert said in (b"QUIT\r\n", b"")
    if not why_not:
        assert said == b"QUIT\r\n"


def test_nobody_listens() -> None:
    assert asyncio.run(probe(1)) == "nobody listens on port 1"
