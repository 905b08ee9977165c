"""Connections from the first octet to the greeting: diverted ones, and such as begin with TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from mxward.networks import address
from mxward.proxy.admission import Room
from mxward.proxy.certificates import CertificateFiles, Certificates
from mxward.proxy.learning import HOLD, PAUSE
from mxward.proxy.shared import Shared
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity
from mxward.smtp.offers import Offers
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint
from tests.certificates import self_signed
from tests.proxy import diverted
from tests.proxy.bed import WORM, Bed
from tests.proxy.diverted import MAIL, MAIL6, WORM6, Mail, client, hurried, pass_time, until

pytestmark = pytest.mark.real

Scene = Callable[[Bed], Coroutine[Any, Any, None]]
HELLO = "EHLO client.test"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    return self_signed("mx.test").write(tmp_path, "mx")


@pytest.fixture
def play(tmp_path: Path, certificate: tuple[str, str]) -> Callable[[Scene], None]:
    async def main(scene: Scene) -> None:
        async with diverted.diverted(tmp_path) as stand:
            stand.shared.certificates = Certificates([CertificateFiles(*certificate)])
            await asyncio.wait_for(scene(stand), 20)
            stand.shared.eventlog.flush()

    return lambda scene: uvloop.run(main(scene))


@pytest.fixture
def play_hurried(tmp_path: Path) -> Callable[[Scene], None]:
    async def main(scene: Scene) -> None:
        async with diverted.diverted(tmp_path) as stand:
            await scene(stand)

    return lambda scene: hurried(main(scene))


def speaks_tls(certificate: tuple[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def takes_any() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def mail_server(stand: Bed, host: str = MAIL, port: int = 25) -> Any:
    """As the sessions to come will know it."""
    endpoint = Endpoint(address(host), port, tls=Tls.OPPORTUNISTIC, implicit=port == 465)
    return stand.shared.mail_server_at(endpoint)


# -- where they go ----------------------------------------------------------------------------


@pytest.mark.parametrize("host", [MAIL, MAIL6])
def test_it_goes_on_to_where_it_was_going(play: Callable[[Scene], None], host: str) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail("8BITMIME")
        async with mail.at(host):
            there = await client(host)
            assert (await there.send("shaun@it.test")).startswith("250 2.0.0 queued")
        assert mail.told[-1].endswith("hello\r\n.\r\n")
        assert stand.mail.messages == []  # the one for those who connect to us

    play(scene)


@pytest.mark.parametrize(("host", "source"), [(MAIL, WORM), (MAIL6, WORM6)])
def test_from_the_clients_own_address(
    play: Callable[[Scene], None], host: str, source: str
) -> None:
    async def scene(stand: Bed) -> None:
        stand.set(identity=Identity.TRANSPARENT)
        mail = Mail()
        async with mail.at(host):
            there = await client(host)
            assert (await there.send("shaun@it.test")).startswith("250")
        question, message = mail.peers
        assert question != source  # it is mxward that asks what it offers
        assert message == source

    play(scene)


def test_even_the_first_client_is_offered_what_the_mail_server_offers(
    play: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail("SMTPUTF8", "8BITMIME")
        async with mail.at():
            for _ in range(3):
                there = await client()
                assert (await there.answer()).startswith("220 mx.test")
                assert "SMTPUTF8" in await there.say(HELLO)
            assert len(mail.peers) == 1

    play(scene)


def test_each_mail_server_is_one_of_its_own(play: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        async with Mail("SMTPUTF8", "8BITMIME").at(MAIL), Mail("DSN").at(MAIL6):
            for host, offered, other in ((MAIL, "SMTPUTF8", "DSN"), (MAIL6, "DSN", "SMTPUTF8")):
                there = await client(host)
                await there.answer()
                answer = await there.say(HELLO)
                assert offered in answer
                assert other not in answer

    play(scene)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", MAIL])
def test_who_connects_to_the_listener_is_told_what_it_is_for(
    play: Callable[[Scene], None], host: str
) -> None:
    """It is also what the watchdog asks for, and what keeps mxward from going in circles."""

    async def scene(stand: Bed) -> None:
        there = await client(host, stand.port, source="::1" if ":" in host else WORM)
        told = "421 4.3.2 This port is for connections that are diverted to it"
        assert await there.answer() == told
        assert await there.answer() == ""
        assert not stand.shared.admission.admitted

    play(scene)


def test_one_that_arrives_where_nothing_is_diverted_any_more(
    play: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        stand.shared.diversion = None
        there = await client()
        assert (await there.answer()).startswith("421 4.3.2 This port")

    play(scene)


def test_a_client_is_counted_before_any_server_is_asked(play: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        stand.shared.admission.set_room(Room(per_network=1))
        mail = Mail(speaks=False)
        async with mail.at():
            first = await client()
            await until(lambda: mail.peers)
            second = await client()
            assert await second.answer() == "421 4.3.2 Too busy, try again later"
            mail.speaks.set()
            assert (await first.answer()).startswith("220")
            first.close()
            await until(lambda: not stand.shared.admission.sessions)
            third = await client()
            assert (await third.answer()).startswith("220")

    play(scene)


# -- TLS from the first octet -----------------------------------------------------------------


@pytest.mark.parametrize("offered", [Identity.NONE, Identity.TRANSPARENT])
def test_tls_comes_first_on_both_sides(
    play: Callable[[Scene], None], certificate: tuple[str, str], offered: Identity
) -> None:
    async def scene(stand: Bed) -> None:
        stand.set(identity=offered, starttls=True)
        mail = Mail("8BITMIME", "STARTTLS")
        async with mail.at(port=465, tls=speaks_tls(certificate)):
            there = await client(port=465, tls=takes_any())
            assert (await there.answer()).startswith("220 mx.test")
            answer = await there.say(HELLO)
            assert "8BITMIME" in answer
            assert "STARTTLS" not in answer
            await there.say("MAIL FROM:<a@client.test>")
            assert (await there.say("RCPT TO:<shaun@it.test>")).startswith("250")
            assert "STARTTLS" not in mail.told

    play(scene)


def test_a_mail_server_in_the_clear_is_not_believed_where_tls_comes_first(
    play: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail("8BITMIME")
        async with mail.at(port=465):
            there = await client(port=465, tls=takes_any())
            (answer,) = await there.envelope("shaun@it.test")
            assert answer.startswith("451 4.4.1")
            assert not [line for line in mail.told if line.startswith(("EHLO", "MAIL"))]

    play(scene)


def test_a_client_in_the_clear_has_no_session_where_tls_comes_first(
    play: Callable[[Scene], None], certificate: tuple[str, str]
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail()
        async with mail.at(port=465, tls=speaks_tls(certificate)):
            there = await client(port=465)
            there.writer.write(b"EHLO client.test\r\n")
            answer = await there.reader.read()
            assert b"220" not in answer
            assert b"250" not in answer
            await until(lambda: not stand.shared.admission.sessions)
            assert "tls-failed" in stand.logged()
            assert [line for line in mail.told if not line.startswith(("EHLO", "QUIT"))] == []

    play(scene)


# -- while the mail server is asked -----------------------------------------------------------


@pytest.mark.parametrize("port", [25, 465])
def test_what_is_said_before_the_greeting_waits(
    play: Callable[[Scene], None], certificate: tuple[str, str], port: int
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail(speaks=False)
        tls = port == 465
        async with mail.at(port=port, tls=speaks_tls(certificate) if tls else None):
            coming = asyncio.create_task(client(port=port, tls=takes_any() if tls else None))
            await until(lambda: mail.peers)
            if tls:  # the handshake waits, too
                mail.speaks.set()
            there = await coming
            there.writer.write(b"EHLO client.test\r\nNOOP\r\n")
            await asyncio.sleep(0)
            there.writer.write(b"QUIT\r\n")
            mail.speaks.set()
            answers = [await there.answer() for _ in range(4)]
            assert [answer[:3] for answer in answers] == ["220", "250", "250", "221"]

    play(scene)


@pytest.mark.parametrize("port", [25, 465])
def test_one_that_leaves_meanwhile_leaves_nothing(
    play: Callable[[Scene], None], certificate: tuple[str, str], port: int
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail(speaks=False)
        tls = port == 465
        async with mail.at(port=port, tls=speaks_tls(certificate) if tls else None):
            there = await client(port=port)
            await until(lambda: mail.peers)
            there.writer.transport.abort()
            mail.speaks.set()
            await until(lambda: not stand.shared.admission.sessions)
            await until(lambda: not stand.shared.asking)
            assert "failure" not in stand.logged()
            assert mail_server(stand, port=port).heard  # for the next one

    play(scene)


def test_a_silent_mail_server_keeps_no_client_for_long(
    play_hurried: Callable[[Scene], None],
) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail("8BITMIME", speaks=False)
        async with mail.at():
            first = await client()
            await until(lambda: mail.peers)
            await pass_time(HOLD)
            assert (await first.answer()).startswith("220")
            assert "8BITMIME" not in await first.say(HELLO)
            second = await client()  # nobody knows more than he
            assert (await second.answer()).startswith("220")
            mail.speaks.set()
            await until(lambda: mail_server(stand).heard)
            third = await client()
            await third.answer()
            assert "8BITMIME" in await third.say(HELLO)
            assert len(mail.peers) == 1

    play_hurried(scene)


def test_what_a_session_learns_need_not_be_asked(play_hurried: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        first = await client()  # there is nobody yet
        await first.answer()
        mail = Mail("8BITMIME")
        async with mail.at():
            await first.say(HELLO)
            await first.say("MAIL FROM:<a@client.test>")
            assert (await first.say("RCPT TO:<shaun@it.test>")).startswith("250")
            await pass_time(PAUSE)
            second = await client()
            await second.answer()
            assert "8BITMIME" in await second.say(HELLO)
            assert len(mail.peers) == 1

    play_hurried(scene)


def test_a_reload_meanwhile(play: Callable[[Scene], None]) -> None:
    """Who waits is greeted as he would have been; who comes then, by what holds then."""

    async def scene(stand: Bed) -> None:
        mail, before = Mail("8BITMIME", speaks=False), stand.shared
        async with mail.at():
            first = await client()
            await until(lambda: mail.peers)
            settings = replace(before.settings, hostname="new.test")
            stand.shared = Shared(
                settings,
                before.decider,
                before.eventlog,
                diversion=before.diversion,
                former=before,
            )
            second = await client()
            await until(lambda: len(mail.peers) == 2)
            mail.speaks.set()
            assert await first.answer() == "220 mx.test ESMTP"
            assert await second.answer() == "220 new.test ESMTP"
            for there in (first, second):
                assert "8BITMIME" in await there.say(HELLO)

    play(scene)


def test_the_proxy_stops_meanwhile(play: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        mail = Mail(speaks=False)
        async with mail.at():
            there = await client()
            await until(lambda: mail.peers)
            stand.ending.stop(30)
            await until(lambda: not stand.shared.admission.sessions)
            with pytest.raises(ConnectionError):
                assert await there.reader.read() == b""
                raise ConnectionResetError

    play(scene)


def test_a_mistake_of_ours_is_a_421_with_an_id(play: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        known = mail_server(stand)
        known.offers = cast(Offers, None)
        there = await client()  # nobody is there to ask
        answer = await there.answer()
        assert answer.startswith("421 4.3.0 An internal failure, try again (id ")
        assert await there.answer() == ""
        (told,) = [line for line in stand.logged().splitlines() if "failure" in line]
        assert f"id={answer.partition('(id ')[2].rstrip(')')}" in told
        await until(lambda: not stand.shared.admission.sessions)

    play(scene)


def test_what_was_learned_of_it_in_tls_stays_with_that_port(play: Callable[[Scene], None]) -> None:
    async def scene(stand: Bed) -> None:
        mail_server(stand, port=465).learned(Extensions({"AUTH": "PLAIN"}))
        async with Mail().at():
            there = await client()
            await there.answer()
            assert "AUTH" not in await there.say(HELLO)

    play(scene)
