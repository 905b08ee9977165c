"""Sessions in TLS over real sockets, and what their end leaves in the log."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mxward.proxy.certificates import CertificateFiles, Certificates
from tests.certificates import self_signed
from tests.proxy.bed import Bed, Client, bed

Scene = Callable[[Bed], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scene], None]:
    files = CertificateFiles(*self_signed("mx.test").write(tmp_path, "mx"))

    async def main(scene: Scene) -> None:
        async with bed() as stand:
            stand.shared.certificates = Certificates([files])
            stand.set(starttls=True)
            await asyncio.wait_for(scene(stand), 20)

    return lambda scene: uvloop.run(main(scene))


async def starting(stand: Bed) -> Client:
    """A client whose STARTTLS has been answered."""
    client = await stand.client()
    await client.answer()
    await client.say("EHLO client.test")
    assert (await client.say("STARTTLS")).startswith("220")
    return client


async def secured(stand: Bed) -> Client:
    client = await starting(stand)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    await client.writer.start_tls(context)
    return client


async def gone(stand: Bed) -> None:
    """Until the proxy has no session any more."""
    while stand.shared.admission.sessions:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


def test_a_client_that_says_good_bye_in_tls_is_nothing_to_complain_of(
    play: Callable[[Scene], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stand: Bed) -> None:
        client = await secured(stand)
        assert (await client.say("EHLO client.test")).startswith("250")
        client.close()  # with a close_notify
        await gone(stand)

    play(scene)
    assert caplog.messages == []


def test_a_handshake_that_is_broken_off_is_told_with_a_reason(
    play: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        client = await starting(stand)
        client.writer.write_eof()
        await gone(stand)
        assert 'why="connection closed"' in stand.logged()

    play(scene)


def test_the_proxy_stops_at_once_though_a_client_lingers_in_its_handshake(
    play: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        client = await starting(stand)
        stand.ending.stop(30)
        await asyncio.wait_for(stand.serving, 5)
        assert await client.answer() == ""

    play(scene)
