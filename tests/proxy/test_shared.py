"""What sessions share goes on after a reload; what strangers may make us remember has an end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
import uvloop

from mxward.networks import Networks, address
from mxward.proxy.diversion import Diversion
from mxward.proxy.shared import MOST_MAIL_SERVERS, Shared
from mxward.proxy.source import Source
from mxward.smtp.extensions import Extensions
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import Bed, bed

HERE = Endpoint(address("203.0.113.25"), 25, tls=Tls.OPPORTUNISTIC)
NEXT = replace(HERE, address=address("203.0.113.26"))
OFFERS = Extensions({"8BITMIME": ""})
CLIENT = address("192.0.2.66")


def with_bed(scene: Callable[[Bed], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        async with bed() as stand:
            await scene(stand)

    uvloop.run(main())


def reloaded(before: Shared, **changes: Any) -> Shared:
    settings = replace(before.settings, **changes)
    return Shared(settings, before.decider, before.eventlog, former=before)


def test_mail_servers_keep_what_they_have_offered() -> None:
    async def scene(stand: Bed) -> None:
        before = stand.shared
        before.learned(before.mail_server, OFFERS)
        before.learned(before.mail_server_at(HERE), OFFERS)
        before.mail_server_at(NEXT)
        after = reloaded(before, hostname="new.test")
        assert after.known(NEXT) is None  # it has said nothing that could be kept
        for server in (after.mail_server, after.mail_server_at(HERE)):
            assert server.heard
            assert server.offers.mail_server == OFFERS
            assert b"new.test" in bytes(server.offers.greeting)
        assert not after.mail_server_at(NEXT).heard
        assert after.mail_server_at(HERE).endpoint == HERE
        assert after.mail_server_at(HERE) is not before.mail_server_at(HERE)

    with_bed(scene)


def test_another_mail_server_has_offered_nothing_yet() -> None:
    async def scene(stand: Bed) -> None:
        before = stand.shared
        before.learned(before.mail_server, OFFERS)
        before.learned(before.mail_server_at(HERE), OFFERS)
        after = reloaded(before, mail_server=NEXT)
        assert not after.mail_server.heard
        assert after.mail_server.offers.mail_server == Extensions()
        assert not after.mail_server_at(replace(HERE, tls=Tls.VERIFIED)).heard
        assert not after.mail_server_at(replace(HERE, port=465, implicit=True)).heard

    with_bed(scene)


def test_so_many_mail_servers_are_known_and_no_more() -> None:
    """Where a network is diverted, strangers choose: who has answered is not pushed out."""

    async def scene(stand: Bed) -> None:
        shared = stand.shared
        real = shared.mail_server_at(HERE)
        shared.learned(real, OFFERS)
        endpoints = [
            replace(HERE, address=address("2001:db8::") + n) for n in range(MOST_MAIL_SERVERS)
        ]
        for endpoint in endpoints:
            shared.mail_server_at(endpoint)
        assert shared.mail_server_at(HERE) is real
        assert shared.known(endpoints[0]) is None
        assert sum(shared.known(each) is not None for each in endpoints) == MOST_MAIL_SERVERS - 1

    with_bed(scene)


def test_who_has_not_been_asked_for_longest_goes_first() -> None:
    async def scene(stand: Bed) -> None:
        shared = stand.shared
        endpoints = [
            replace(HERE, address=address("2001:db8::") + n) for n in range(MOST_MAIL_SERVERS)
        ]
        for endpoint in endpoints:
            shared.learned(shared.mail_server_at(endpoint), OFFERS)
        shared.mail_server_at(endpoints[0])
        shared.mail_server_at(HERE)
        assert shared.known(endpoints[0]) is not None
        assert shared.known(endpoints[1]) is None

    with_bed(scene)


@pytest.mark.parametrize(
    ("servers", "heard", "fails"),
    [
        ("203.0.113.25/32", False, True),  # it is named
        ("203.0.113.0/24", True, True),
        ("203.0.113.0/24", False, False),  # anybody may connect to any of these
    ],
)
def test_a_mail_server_that_fails_is_one_that_is_known(
    servers: str, heard: bool, fails: bool
) -> None:
    async def scene(stand: Bed) -> None:
        shared = stand.shared
        shared.diversion = Diversion(Networks.of(servers), {25})
        server = shared.mail_server_at(HERE)
        if heard:
            server.learned(OFFERS)
        shared.failed(HERE, "refused")
        assert (shared.onward.has_failed == HERE) == fails
        assert ("level=loud" in stand.logged()) == fails
        assert "upstream-failed" in stand.logged()
        shared.failed(shared.settings.mail_server, "refused")  # of those who connect to us
        assert shared.onward.has_failed == shared.settings.mail_server

    with_bed(scene)


def test_where_connections_come_from() -> None:
    async def scene(stand: Bed) -> None:
        shared = stand.shared
        ours = address("192.0.2.26")
        shared.reroute_sources = {4: ours}
        scanner = Endpoint(address("198.51.100.7"), 25, scanner="clean")
        scanner6 = replace(scanner, address=address("2001:db8::7"))
        assert shared.source_for(HERE, None) is None
        assert shared.source_for(scanner, None) == Source(ours)
        assert shared.source_for(scanner6, None) is None
        assert shared.source_for(HERE, CLIENT) == Source(CLIENT, foreign=True)
        shared.diversion = Diversion(Networks.of("203.0.113.0/24"), {25}, mark=7)
        assert shared.source_for(HERE, CLIENT) == Source(CLIENT, foreign=True, mark=7)

    with_bed(scene)
