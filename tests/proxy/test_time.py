"""What takes too long ends, and nobody can keep it from ending."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from mxward.model import Question, Stage
from mxward.proxy.admission import Room
from mxward.smtp.limits import Timeouts
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, Bed, Client
from tests.proxy.test_sessions import play


async def never(_: Question) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(("stage", "answer"), [(Stage.OBSERVE, "250"), (Stage.REFUSE, "451-4.4.3")])
def test_a_slow_dns_is_a_failed_one(stage: Stage, answer: str) -> None:
    async def scene(stand: Bed) -> None:
        stand.shared.decider.patience = 0.2
        stand.resolver.hold = never
        client = await stand.client()
        (heard,) = await client.envelope("shaun@it.test")
        assert heard.startswith(answer)

    play(scene, stage)


def test_a_client_that_drips_buys_no_time_for_a_silent_upstream() -> None:
    async def scene(stand: Bed) -> None:
        stand.set(timeouts=Timeouts(hello=0.5))

        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        server = await asyncio.start_server(silent, MAIL_SERVER, 0)
        port = server.sockets[0].getsockname()[1]
        stand.set(mail_server=Endpoint(stand.shared.settings.mail_server.address, port))
        client = await stand.client()
        await client.answer()
        client.writer.write(b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<shaun@it.test>\r\n")
        for _ in range(30):
            client.writer.write(b"N")
            await asyncio.sleep(0.05)
        heard = [await client.answer() for _ in range(3)]
        assert heard[-1].startswith("451 4.4.1")
        server.close()

    play(scene)


def test_a_shorter_wait_rings_in_time() -> None:
    """A session that began with 300 s of patience ends its shorter waits when they are over."""

    async def scene(stand: Bed) -> None:
        stand.set(timeouts=Timeouts(data=0.3))
        client = await stand.client()
        await client.envelope("shaun@it.test")
        assert (await client.say("DATA")).startswith("354")
        assert (await client.answer()).startswith("421 4.4.2")
        assert stand.mail.messages == []

    play(scene)


async def dripping(client: Client, octet: bytes) -> str:
    """What is said while an octet comes every 0.1 seconds, for 2 seconds at most."""
    answer = asyncio.ensure_future(client.answer())
    for _ in range(20):
        await asyncio.sleep(0.1)
        if answer.done():
            return await answer
        client.writer.write(octet)
    return "nothing"


def test_a_slow_message_ends_however_often_something_comes() -> None:
    """1024 octets within the time for a message, or none at all."""

    async def scene(stand: Bed) -> None:
        stand.set(timeouts=Timeouts(data=0.5))
        client = await stand.client()
        await client.envelope("shaun@it.test")
        assert (await client.say("DATA")).startswith("354")
        assert (await dripping(client, b"a")).startswith("421 4.4.2")
        assert stand.mail.messages == []

    play(scene)


def test_a_message_that_comes_on_may_take_its_time() -> None:
    async def scene(stand: Bed) -> None:
        stand.set(timeouts=Timeouts(data=0.5))
        client = await stand.client()
        await client.envelope("shaun@it.test")
        assert (await client.say("DATA")).startswith("354")
        for _ in range(10):
            client.writer.write((b"a" * 510 + b"\r\n") * 2)
            await asyncio.sleep(0.1)
        assert await client.say(".") == "250 2.0.0 kept"

    play(scene)


def test_a_client_that_drips_a_command_buys_no_time() -> None:
    async def scene(stand: Bed) -> None:
        stand.set(timeouts=Timeouts(command=0.5))
        client = await stand.client()
        await client.answer()
        assert (await dripping(client, b"N")).startswith("421 4.4.2")

    play(scene)


def test_one_client_cannot_take_all_sessions_but_a_scanner_may_come_as_it_likes() -> None:
    async def scene(stand: Bed) -> None:
        greedy = [await stand.client() for _ in range(Room().per_network)]
        assert {(await client.answer())[:3] for client in greedy} == {"220"}
        assert (await (await stand.client()).answer()).startswith("421 4.3.2")
        assert (await (await stand.client("127.25.0.67")).answer()).startswith("220")
        assert "event=full level=loud" in stand.logged()
        scanner = [await stand.client("127.25.0.2") for _ in range(Room().per_network + 1)]
        assert {(await client.answer())[:3] for client in scanner} == {"220"}
        greedy[0].close()
        await asyncio.sleep(0.1)
        assert (await (await stand.client()).answer()).startswith("220")

    play(scene)


def test_a_flood_of_commands_does_not_keep_others_waiting() -> None:
    async def scene(stand: Bed) -> None:
        flood, honest = await stand.client(), await stand.client("127.25.0.67")
        flood.writer.write(b"NOOP\r\n" * 100_000)
        assert await honest.send("shaun@it.test") == "250 2.0.0 kept"
        with suppress(ConnectionResetError):  # it was closed while more was on its way
            while await flood.answer():
                pass
        assert len(stand.mail.messages) == 1

    play(scene)
