"""Whole sessions over real sockets: the mailboxes are counted each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import uvloop

from mxward.model import Stage
from mxward.smtp.offers import Offers
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, Bed, bed

Scene = Callable[[Bed], Coroutine[Any, Any, None]]


def play(scene: Scene, stage: Stage = Stage.OBSERVE) -> None:
    async def main() -> None:
        async with bed(stage) as stand:
            await asyncio.wait_for(scene(stand), 30)

    uvloop.run(main())


def test_observed_back_door_mail_reaches_the_mailbox() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        assert await client.send("shaun@it.test") == "250 2.0.0 kept"
        assert stand.mail.recipients == ["shaun@it.test"]
        assert "action=pass would=refuse reason=back-door" in stand.logged()

    play(scene)


def test_rerouted_mail_reaches_the_scanner_only() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        assert await client.send("shaun@it.test") == "250 2.0.0 kept"
        assert stand.mail.messages == []
        (message,) = stand.scanner.messages
        assert message.startswith(b"Received: from client.test ([127.25.0.66])\r\n\tby mx.test")

    play(scene, Stage.REROUTE)


def test_the_scanners_verdict_is_the_clients() -> None:
    async def scene(stand: Bed) -> None:
        stand.scanner.refuse = "550 5.7.1 a virus"
        client = await stand.client()
        assert await client.send("shaun@it.test") == "550 5.7.1 a virus"
        assert stand.mail.messages == stand.scanner.messages == []

    play(scene, Stage.REROUTE)


def test_a_mistake_of_ours_before_the_greeting_is_a_421_with_an_id() -> None:
    async def scene(stand: Bed) -> None:
        stand.shared.mail_server.offers = cast(Offers, None)
        client = await stand.client()
        answer = await client.answer()
        assert answer.startswith("421 4.3.0 An internal failure, try again (id ")
        assert answer.partition("(id ")[2].rstrip(")") in stand.logged()
        assert await client.answer() == ""
        assert not stand.shared.admission.sessions

    play(scene)


def test_refused_mail_hears_where_to_go() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        (answer,) = await client.envelope("shaun@it.test")
        assert "550-5.7.1 Its MX: mx.scanner.test" in answer
        assert "postmaster@mx.test" in answer

    play(scene, Stage.REFUSE)


def test_failing_dns_defers() -> None:
    async def scene(stand: Bed) -> None:
        stand.resolver.down = True
        client = await stand.client()
        (answer,) = await client.envelope("shaun@it.test")
        assert answer.startswith("451-4.4.3")

    play(scene, Stage.REFUSE)


def test_the_scanner_itself_passes() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client(source="127.25.0.2")
        assert await client.send("shaun@it.test") == "250 2.0.0 kept"
        assert len(stand.mail.messages) == 1

    play(scene, Stage.REFUSE)


def test_nothing_is_relayed_where_the_mail_server_is_not_told_the_client() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        answers = await client.envelope("a@elsewhere.test", "b%elsewhere.test@it.test")
        assert [answer[:9] for answer in answers] == ["550-5.7.1", "550-5.7.1"]

    play(scene)


def test_a_large_message_streams_through_whole() -> None:
    text = "Subject: large\r\n\r\n" + "0123456789abcdef\r\n" * 200_000

    async def scene(stand: Bed) -> None:
        client = await stand.client()
        assert await client.send("shaun@it.test", text=text) == "250 2.0.0 kept"
        assert stand.mail.messages == [text.encode()]

    play(scene)


def test_a_half_closed_client_still_gets_its_answers() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        await client.envelope("shaun@it.test")
        client.writer.write(b"QUIT\r\n")
        client.writer.write_eof()
        assert await client.answer() == "221 2.0.0 Bye"
        assert await client.answer() == ""

    play(scene)


def test_a_client_that_breaks_off_in_its_message_delivers_nothing() -> None:
    async def scene(stand: Bed) -> None:
        client = await stand.client()
        await client.envelope("shaun@it.test")
        await client.say("DATA")
        client.writer.write(b"half a message\r\n")
        await client.writer.drain()
        client.writer.transport.abort()
        again = await stand.client()
        assert await again.send("shaun@it.test") == "250 2.0.0 kept"
        assert len(stand.mail.messages) == 1

    play(scene)


def test_an_unreachable_mail_server_is_a_4xx() -> None:
    async def scene(stand: Bed) -> None:
        stand.set(mail_server=Endpoint(stand.shared.settings.mail_server.address, 9))
        client = await stand.client()
        (answer,) = await client.envelope("shaun@it.test")
        assert answer.startswith("451 4.4.1"), MAIL_SERVER

    play(scene)


def test_an_inside_failure_is_a_4xx_with_an_id_and_the_log_has_it() -> None:
    async def scene(stand: Bed) -> None:
        stand.shared.decider.rules = None  # type: ignore[assignment]
        client = await stand.client()
        (answer,) = await client.envelope("shaun@it.test")
        assert answer.startswith("421 4.3.0 An internal failure, try again (id ")
        assert await client.answer() == ""
        assert "event=failure level=loud" in stand.logged()
        assert "AttributeError" in stand.logged()

    play(scene)


def test_stopping_lets_a_message_end_and_sends_idle_clients_away() -> None:
    async def scene(stand: Bed) -> None:
        busy, idle = await stand.client(), await stand.client()
        await busy.envelope("shaun@it.test")
        assert (await busy.say("DATA")).startswith("354")
        await idle.answer()
        stand.ending.stop(30)
        assert (await idle.answer()).startswith("421 4.3.2")
        assert await busy.say("Subject: last\r\n\r\nlast\r\n.") == "250 2.0.0 kept"
        assert (await busy.answer()).startswith("421 4.3.2")
        await asyncio.wait_for(stand.serving, 5)
        assert len(stand.mail.messages) == 1

    play(scene)
