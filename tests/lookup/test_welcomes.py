"""Whose addresses are the scanners', told without asking: for limits, never for letting mail in."""

from __future__ import annotations

import asyncio

import pytest

from mxward.frontdoor.remember import COOLING_OFF
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.model import Scanner
from mxward.networks import Networks, address
from mxward.store.recollection import Recollection
from tests.lookup.clock import Clock
from tests.lookup.test_doors import Bed

DECLARED, LEARNED, HOST = address("198.51.100.7"), address("203.0.113.7"), address("192.0.2.1")


def test_what_is_declared_is_welcome_at_once() -> None:
    scanner = Scanner("s", addresses=Networks.of("192.0.2.0/28"), egress=Networks.of("10.7.0.0/24"))
    doors = Doors(FakeResolver(), {"s": scanner}, Recollection(), Clock())
    asked = [address(text) for text in ("192.0.2.15", "10.7.0.1", "192.0.2.16", "10.7.1.0", "::1")]
    assert [doors.welcomes(client) for client in asked] == [True, True, False, False, False]


def test_what_spf_says_is_welcome_once_it_is_known_and_never_asked_for() -> None:
    bed = Bed()
    assert (bed.doors.welcomes(DECLARED), bed.doors.welcomes(LEARNED)) == (True, False)
    assert not bed.dns.asked
    asyncio.run(bed.doors.prepare())
    assert bed.doors.welcomes(LEARNED)
    assert bed.restart().doors.welcomes(LEARNED)  # it is remembered


def test_what_vanished_from_spf_is_welcome_until_it_has_cooled_off() -> None:
    bed = Bed()
    asyncio.run(bed.doors.prepare())
    bed.dns.txt = {"spf.mimecast.com": ["v=spf1 ip4:203.0.113.0/25 ip4:192.0.2.128/25 -all"]}
    vanished = address("203.0.113.200")
    bed.clock.now += 3600
    asyncio.run(bed.doors.prepare())
    assert bed.doors.welcomes(vanished)
    bed.clock.now += COOLING_OFF
    asyncio.run(bed.doors.prepare())
    assert not bed.doors.welcomes(vanished)
    assert bed.doors.welcomes(LEARNED)


def test_a_network_that_is_held_is_welcome_from_the_operators_word_on() -> None:
    bed = Bed()
    bed.dns.txt = {"spf.mimecast.com": ["v=spf1 ip4:11.0.0.0/8 -all"]}
    asyncio.run(bed.doors.prepare())
    assert not bed.doors.welcomes(address("11.1.2.3"))
    bed.memory.accept("mimecast", bed.clock.now)
    bed.doors.refresh()
    assert bed.doors.welcomes(address("11.1.2.3"))


@pytest.mark.parametrize(
    ("domain", "client", "welcome"),
    [
        ("it.co.za", "192.0.2.1", True),  # in-1.mimecast.com
        ("vanity.example", "192.0.2.5", False),  # the name is the customer's: it may lead anywhere
        ("own.example", "192.0.2.9", False),  # no scanner's
    ],
)
def test_mx_hosts_by_the_scanners_own_names_are_welcome(
    domain: str, client: str, welcome: bool
) -> None:
    bed = Bed()
    assert not bed.doors.welcomes(address(client))
    bed.find(domain)
    assert bed.doors.welcomes(address(client)) is welcome


def test_only_so_many_hosts_are_kept_those_seen_last() -> None:
    hosts = [f"h{n}.mimecast.com" for n in range(250)]
    places = {host: [f"10.9.{n}.{i}" for i in range(100)] for n, host in enumerate(hosts)}
    mx = {f"d{n}.example": [f"10 {h}" for h in hosts[n : n + 50]] for n in range(0, 250, 50)}
    bed = Bed(FakeResolver(mx=mx, a=places))
    for domain in mx:
        bed.find(domain)
    assert not bed.doors.welcomes(address("10.9.0.0"))
    assert bed.doors.welcomes(address("10.9.249.99"))
