"""What takes too long ends, and nobody can keep it from ending."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from mxward.model import Question, Stage
from mxward.proxy.admission import Room
from mxward.smtp import transactions
from mxward.smtp.relay import PATIENCE, Phase
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, Bed
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


def test_a_client_that_drips_buys_no_time_for_a_silent_upstream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transactions, "HELLO", 0.5)

    async def scene(stand: Bed) -> None:
        async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        server = await asyncio.start_server(silent, MAIL_SERVER, 0)
        port = server.sockets[0].getsockname()[1]
        stand.shared.decider.mail_server = Endpoint(stand.shared.mail_endpoint.address, port)
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


def test_a_shorter_wait_rings_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that began with 300 s of patience ends its shorter waits when they are over."""
    monkeypatch.setitem(PATIENCE, Phase.DATA, 0.3)

    async def scene(stand: Bed) -> None:
        client = await stand.client()
        await client.envelope("shaun@it.test")
        assert (await client.say("DATA")).startswith("354")
        assert (await client.answer()).startswith("421 4.4.2")
        assert stand.mail.messages == []

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
