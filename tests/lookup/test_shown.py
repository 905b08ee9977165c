"""What mail servers show, and what comes of those that show nothing."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiosmtpd.proxy_protocol import ProxyData
from aiosmtpd.smtp import SMTP

from mxward.lookup.shown import NothingShown, Shown, look
from mxward.networks import address
from mxward.smtp.identity import Identity
from mxward.smtp.vocabulary import Endpoint
from tests.certificates import Authority, Issued

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
WITHIN = 2.0


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def end(server: asyncio.Server) -> Endpoint:
    return Endpoint(address("127.0.0.1"), server.sockets[0].getsockname()[1])


class Mailboxes:
    """aiosmtpd's handler; it keeps who the client is by PROXY, and counts who says farewell."""

    def __init__(self) -> None:
        self.proxied: list[str] = []
        self.quits = 0

    async def handle_PROXY(  # noqa: N802
        self, server: object, session: object, envelope: object, proxy: ProxyData
    ) -> bool:
        self.proxied.append(str(proxy.src_addr))
        return True

    async def handle_QUIT(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        self.quits += 1
        return "221 Bye"


def context_of(issued: Issued, folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*issued.write(folder, "mail"))
    return context


@pytest.mark.parametrize(
    ("identity", "proxied"),
    [("none", []), ("xclient", []), ("proxy-v1", ["127.0.0.1"]), ("proxy-v2", ["127.0.0.1"])],
)
def test_a_mail_server_with_tls(identity: str, proxied: list[str], tmp_path: Path) -> None:
    issued, mailboxes = Authority("R3").issue("mail.example", days=-1, age=9), Mailboxes()
    context = context_of(issued, tmp_path)
    waits = 5.0 if identity.startswith("proxy") else None

    async def scene() -> Shown:
        def connect() -> SMTP:
            return SMTP(mailboxes, tls_context=context, proxy_protocol_timeout=waits)

        loop = asyncio.get_running_loop()
        async with await loop.create_server(connect, "127.0.0.1", 0) as server:
            return await look(end(server), "mx.example", Identity(identity), unverified(), WITHIN)

    assert asyncio.run(scene()) == Shown(starttls=True, certificate=issued.certificate)
    assert mailboxes.proxied == proxied
    assert mailboxes.quits == 1


def test_a_mail_server_without_tls() -> None:
    mailboxes = Mailboxes()

    async def scene() -> Shown:
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: SMTP(mailboxes), "127.0.0.1", 0) as server:
            return await look(end(server), "mx.example", Identity.NONE, unverified(), WITHIN)

    assert asyncio.run(scene()) == Shown(starttls=False)
    assert mailboxes.quits == 1


# -- those that do not ---------------------------------------------------------------------------


def says(*replies: bytes, then: Talk | None = None) -> Talk:
    """A greeting, and a reply to each line that comes; then silence, or what `then` does."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number, reply in enumerate(replies):
            if number:
                await reader.readline()
            writer.write(reply)
        await (then or silence)(reader, writer)

    return talk


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.close()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"2")
        await asyncio.sleep(0.02)


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"220-more\r\n" * 10)
        await asyncio.sleep(0)


HELLO = b"250-mail.example\r\n250 STARTTLS\r\n"
SILENT = "no answer within 0.3 s"


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (says(), SILENT),
        (says(b"220 hi\r\n"), SILENT),
        (says(b"220 hi\r\n", HELLO), SILENT),
        (says(b"220 hi\r\n", HELLO, b"220 go\r\n"), SILENT),
        (says(then=drip), SILENT),
        (says(then=babble), "a reply has too many lines"),
        (says(b"220 hi\r\n", then=close), "it closes the connection"),
        (says(b"554 5.7.1 no\r\n"), "it answers 554 5.7.1 no"),
        (says(b"220 hi\r\n", HELLO, b"454 4.7.0 later\r\n"), "it answers 454 4.7.0 later"),
        (says(b"HTTP/1.1 400\r\n"), "no reply line: b'HTTP/1.1 400'"),
        (says(b"220 hi\r\n", HELLO, b"220 go\r\n", b"junk\r\n"), "TLS fails: WRONG_VERSION_NUMBER"),
        (says(b"220 hi\r\n", HELLO, b"220 go\r\n", then=close), "the connection broke"),
    ],
    ids=lambda _: "",
)
def test_a_mail_server_that_shows_nothing(talk: Talk, why: str) -> None:
    async def scene() -> Shown:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            looking = look(end(server), "mx.example", Identity.NONE, unverified(), 0.3)
            try:
                return await looking
            finally:
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

    start = time.monotonic()
    with pytest.raises(NothingShown) as told:
        asyncio.run(scene())
    assert str(told.value) == why
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("ehlo", [b"502-what\r\n502 STARTTLS\r\n", b"250 mail.example\r\n"])
def test_a_mail_server_that_has_no_extensions(ehlo: bytes) -> None:
    """Nor does it say farewell."""

    async def scene() -> Shown:
        async with await asyncio.start_server(says(b"220 hi\r\n", ehlo), "127.0.0.1", 0) as server:
            try:
                return await look(end(server), "mx.example", Identity.NONE, unverified(), WITHIN)
            finally:
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

    assert asyncio.run(scene()) == Shown(starttls=False)


def test_nobody_is_there() -> None:
    async def scene() -> Shown:
        async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
            gone = end(server)
        return await look(gone, "mx.example", Identity.NONE, unverified(), WITHIN)

    with pytest.raises(NothingShown, match=r"^Connection refused$"):
        asyncio.run(scene())
