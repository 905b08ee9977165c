"""What mxward asks a mail server before its clients are greeted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import uvloop

from mxward.proxy.learning import (
    HOLD,
    MOST_QUESTIONS,
    PATIENCE,
    PAUSE,
    hear,
    learn,
    watch,
)
from mxward.proxy.mail_server import MailServer
from mxward.proxy.shared import Shared
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, Bed, bed, free_port
from tests.proxy.diverted import Mail, hurried, pass_time, until


def learned(
    *keywords: str, identity: Identity = Identity.NONE, before: str = ""
) -> tuple[bool, str]:
    """Whether STARTTLS was found, and the log; a session may have heard something `before`."""
    reply = "".join(f"250-{word}\r\n" for word in ("mail.test", *keywords)) + "250 HELP\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.write(reply.encode())
        await reader.read()
        writer.close()

    async def main() -> tuple[bool, str]:
        server = await asyncio.start_server(serve, MAIL_SERVER, 0)
        endpoint = Endpoint(ip_address(MAIL_SERVER), server.sockets[0].getsockname()[1])
        async with bed() as stand:
            stand.set(mail_server=endpoint, identity=identity)
            if before:
                stand.shared.learned(stand.shared.mail_server, Extensions({before: ""}))
            found = await asyncio.wait_for(learn(stand.shared), 10)
            assert set(keywords) <= set(stand.shared.mail_server.offers.mail_server.keywords)
            server.close()
            return found, stand.logged()

    return uvloop.run(main())


def test_starttls_is_found() -> None:
    assert learned("SIZE", "STARTTLS") == (True, "")
    assert learned("SIZE") == (False, "")


def test_starttls_is_found_also_where_a_session_within_tls_was_first() -> None:
    assert learned("STARTTLS", before="8BITMIME") == (True, "")


def test_a_missing_xclient_is_told_before_any_mail_is_deferred_for_it() -> None:
    assert learned("XCLIENT", identity=Identity.XCLIENT) == (False, "")
    _, log = learned("SIZE", identity=Identity.XCLIENT)
    assert "level=loud" in log
    assert 'why="XCLIENT is not offered to mxward"' in log


# -- of mail servers whose clients are diverted -----------------------------------------------


def asked(scene: Callable[[Bed, Mail, MailServer], Coroutine[Any, Any, None]]) -> None:
    """One such mail server, which says nothing until it is let."""

    async def main() -> None:
        mail = Mail("SIZE", speaks=False)
        async with bed() as stand, mail.at(MAIL_SERVER, 0) as port:
            endpoint = Endpoint(ip_address(MAIL_SERVER), port, name="the one")
            await scene(stand, mail, stand.shared.mail_server_at(endpoint))

    hurried(main())


def test_all_who_wait_share_one_question() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        waiting = [asyncio.create_task(hear(stand.shared, server)) for _ in range(5)]
        await until(lambda: mail.peers)
        mail.speaks.set()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert server.heard
        assert "SIZE" in server.offers.mail_server
        assert len(mail.peers) == 1

    asked(scene)


def test_nobody_waits_longer_than_the_first_may() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        first = asyncio.create_task(hear(stand.shared, server))
        await until(lambda: mail.peers)
        await pass_time(HOLD - 1)
        second = asyncio.create_task(hear(stand.shared, server))
        await pass_time(0.9)
        assert not first.done()
        assert not second.done()
        await pass_time(0.2)
        assert first.done()
        assert second.done()
        assert not server.heard

    asked(scene)


def test_there_is_no_second_question_while_the_first_is_open() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        waiting = asyncio.create_task(hear(stand.shared, server))
        await until(lambda: mail.peers)
        await pass_time(PAUSE + 1)
        await waiting
        await asyncio.wait_for(hear(stand.shared, server), 1)  # no waiting either
        assert len(stand.shared.asking) == 1
        await pass_time(PATIENCE - PAUSE)
        await until(lambda: not stand.shared.asking)
        again = asyncio.create_task(hear(stand.shared, server))
        await until(lambda: len(mail.peers) == 2)
        mail.speaks.set()
        await again
        assert server.heard

    asked(scene)


def test_one_that_has_just_failed_is_not_asked_again() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        gone = Endpoint(server.endpoint.address, free_port(MAIL_SERVER))
        nobody = stand.shared.mail_server_at(gone)
        await hear(stand.shared, nobody)
        first = nobody.asking
        await pass_time(PAUSE - 1)
        await hear(stand.shared, nobody)
        assert nobody.asking is first
        await pass_time(1.5)
        await hear(stand.shared, nobody)
        assert nobody.asking is not first
        assert not nobody.heard
        assert "upstream-failed" in stand.logged()

    asked(scene)


def test_so_many_questions_may_be_open_and_no_more() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        shared = stand.shared
        others = [replace(server.endpoint, name=str(n)) for n in range(MOST_QUESTIONS)]
        waiting = [
            asyncio.create_task(hear(shared, shared.mail_server_at(other))) for other in others
        ]
        await until(lambda: len(mail.peers) == MOST_QUESTIONS)
        await asyncio.wait_for(hear(shared, server), 1)  # not asked, and no reason to wait
        assert server.asking is None
        after = Shared(shared.settings, shared.decider, shared.eventlog, former=shared)
        await asyncio.wait_for(hear(after, after.mail_server_at(server.endpoint)), 1)
        mail.speaks.set()
        await asyncio.gather(*waiting)
        await hear(shared, server)
        assert server.heard

    asked(scene)


# -- the one that failed last -----------------------------------------------------------------


def test_a_mail_server_that_fails_is_asked_until_it_answers() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        stand.shared.failed(server.endpoint, "no answer")
        watching = asyncio.create_task(watch(lambda: stand.shared))
        await asyncio.sleep(0)
        assert stand.shared.onward.has_failed == server.endpoint
        mail.speaks.set()
        await pass_time(PAUSE)
        await until(lambda: stand.shared.onward.has_failed is None)
        assert server.heard
        watching.cancel()

    asked(scene)


def test_one_that_is_served_no_more_is_forgotten() -> None:
    async def scene(stand: Bed, mail: Mail, server: MailServer) -> None:
        stand.shared.onward.failed(replace(server.endpoint, name="another"))
        watching = asyncio.create_task(watch(lambda: stand.shared))
        await asyncio.sleep(0)
        assert stand.shared.onward.has_failed is not None
        await pass_time(PAUSE)
        await until(lambda: stand.shared.onward.has_failed is None)
        assert mail.peers == []
        watching.cancel()

    asked(scene)
