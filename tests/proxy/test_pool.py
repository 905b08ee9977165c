"""Connections to the mail server that serve one client after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import uvloop

from mxward.proxy.pool import Pool
from mxward.smtp.identity import Identity
from mxward.smtp.limits import Limits
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, Bed, Client, bed

_FLOOD = b"HELP\r\n" * 3_000_000  # more than the kernel and the proxy ever hold, as its answers


@dataclass
class MailServer:
    """Believes XCLIENT, and says yes to all; `heard` has the lines of each connection."""

    heard: list[list[str]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines: list[str] = []
        self.heard.append(lines)
        writer.write(b"220 mail.test\r\n")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            lines.append(line)
            writer.write(self._answer(lines))
            if line == "STARTTLS":
                break  # what it offers does not work
        writer.close()

    def _answer(self, lines: list[str]) -> bytes:
        verb = lines[-1].split(" ")[0]
        if verb == "EHLO":
            return b"250-mail.test\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 XCLIENT NAME ADDR\r\n"
        begins = verb in ("XCLIENT", "STARTTLS")
        return b"220 mail.test\r\n" if begins else b"250 2.0.0 OK\r\n"


Scene = Callable[[Bed, MailServer], Coroutine[Any, Any, None]]


def play(scene: Scene, tls: Tls = Tls.NONE) -> None:
    async def main() -> None:
        async with pooled(tls) as (stand, mail):
            await asyncio.wait_for(scene(stand, mail), 20)

    uvloop.run(main())


@asynccontextmanager
async def pooled(tls: Tls) -> AsyncIterator[tuple[Bed, MailServer]]:
    """A proxy that keeps connections to its mail server."""
    mail = MailServer()
    server = await asyncio.start_server(mail.serve, MAIL_SERVER, 0)
    endpoint = Endpoint(ip_address(MAIL_SERVER), server.sockets[0].getsockname()[1], tls=tls)
    async with bed() as stand:
        stand.set(identity=Identity.XCLIENT, mail_server=endpoint, limits=Limits(commands=10**6))
        stand.shared.pool = Pool(5)
        yield stand, mail
        stand.shared.pool.close()
    server.close()


async def stuck(client: Client) -> None:
    """Until the proxy reads no more of what the client has written."""
    transport, still, before = client.writer.transport, 0, -1
    while still < 100:
        await asyncio.sleep(0.01)
        size = transport.get_write_buffer_size()
        still = still + 1 if 0 < size == before else 0
        before = size


def test_a_connection_serves_the_next_client_too() -> None:
    async def scene(stand: Bed, mail: MailServer) -> None:
        for _ in range(3):
            client = await stand.client()
            assert await client.envelope("shaun@it.test") == ["250 2.0.0 OK"]
            assert await client.say("RSET") == "250 2.0.0 OK"
            assert await client.say("QUIT") == "221 2.0.0 Bye"
        (lines,) = mail.heard
        assert [line.split(" ")[0] for line in lines].count("XCLIENT") == 3

    play(scene)


def test_where_tls_does_not_work_it_is_not_tried_anew_for_each_client() -> None:
    async def scene(stand: Bed, mail: MailServer) -> None:
        for _ in range(3):
            client = await stand.client()
            assert await client.envelope("shaun@it.test") == ["250 2.0.0 OK"]
            await client.say("RSET")
            await client.say("QUIT")
        tried, served = mail.heard
        assert tried[-1] == "STARTTLS"
        assert [line.split(" ")[0] for line in served].count("XCLIENT") == 3

    play(scene, Tls.OPPORTUNISTIC)


def test_a_client_that_takes_nothing_leaves_a_connection_that_serves_the_next() -> None:
    async def scene(stand: Bed, mail: MailServer) -> None:
        mute = await stand.client()
        await mute.envelope("shaun@it.test")
        await mute.say("RSET")
        mute.writer.transport.pause_reading()  # type: ignore[attr-defined]
        mute.writer.write(_FLOOD)
        await stuck(mute)
        mute.writer.transport.abort()
        for _ in range(500):
            if len(stand.shared.pool):
                break
            await asyncio.sleep(0.01)
        client = await stand.client()
        assert await client.envelope("shaun@it.test") == ["250 2.0.0 OK"]
        assert len(mail.heard) == 1

    play(scene)
