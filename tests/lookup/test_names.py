"""Names count only where they lead back to the client."""

from __future__ import annotations

import asyncio

import pytest

from mxward.lookup.fake import FakeResolver
from mxward.lookup.names import ClientNames
from mxward.model import ConfirmedNames, Known
from mxward.networks import address
from tests.lookup.clock import Clock

CLIENT = "192.0.2.1"
PTR = {
    "1.2.0.192.in-addr.arpa": ["Mail.Example.COM", "forged.example"],
    "2.2.0.192.in-addr.arpa": ["forged.example"],
    "4.2.0.192.in-addr.arpa": ["192.0.2.4", "not a name", "."],
    "5.2.0.192.in-addr.arpa": [f"n{n}.example" for n in range(100)],
    address("2001:db8::1").reverse_pointer: ["six.example"],
}
A = {
    "mail.example.com": ["192.0.2.99", CLIENT],
    "forged.example": ["198.51.100.1"],
    **{f"n{n}.example": ["192.0.2.5"] for n in range(100)},
}


def dns(failing: set[str]) -> FakeResolver:
    return FakeResolver(ptr=PTR, a=A, aaaa={"six.example": ["2001:db8::1"]}, failing=failing)


@pytest.mark.parametrize(
    ("client", "failing", "names"),
    [
        (CLIENT, set(), ConfirmedNames(Known.FOUND, ("mail.example.com",))),
        ("192.0.2.2", set(), ConfirmedNames(Known.ABSENT)),  # the name leads elsewhere
        ("192.0.2.3", set(), ConfirmedNames(Known.ABSENT)),  # no PTR
        ("192.0.2.4", set(), ConfirmedNames(Known.ABSENT)),  # no names
        ("2001:db8::1", set(), ConfirmedNames(Known.FOUND, ("six.example",))),
        (CLIENT, {"1.2.0.192.in-addr.arpa"}, ConfirmedNames(Known.FAILED)),
        (CLIENT, {"mail.example.com"}, ConfirmedNames(Known.FAILED)),
        # what is confirmed is, and there may be more
        (CLIENT, {"forged.example"}, ConfirmedNames(Known.FAILED, ("mail.example.com",))),
        (CLIENT, {"AAAA mail.example.com"}, ConfirmedNames(Known.FOUND, ("mail.example.com",))),
    ],
)
def test_names(client: str, failing: set[str], names: ConfirmedNames) -> None:
    async def scene() -> None:
        finder = ClientNames(dns(failing), Clock())
        assert finder.known(address(client)) is None
        assert await finder.find(address(client)) == names
        assert finder.known(address(client)) == names

    asyncio.run(scene())


def test_at_most_ten_names_are_followed() -> None:
    resolver = dns(set())
    found = asyncio.run(ClientNames(resolver, Clock()).find(address("192.0.2.5")))
    assert len(found.names) == 10
    assert resolver.asked.total() == 11


def test_names_stand_while_the_dns_is_away() -> None:
    async def scene() -> None:
        resolver, clock = dns(set()), Clock()
        finder = ClientNames(resolver, clock)
        before = await finder.find(address(CLIENT))
        resolver.down = True
        clock.now += 3600
        assert finder.known(address(CLIENT)) is None
        assert await finder.find(address(CLIENT)) == before

    asyncio.run(scene())


def test_a_name_that_led_back_once_does_not_when_it_leads_elsewhere() -> None:
    async def scene() -> None:
        resolver, clock = dns(set()), Clock()
        finder = ClientNames(resolver, clock)
        assert (await finder.find(address(CLIENT))).names == ("mail.example.com",)
        resolver.a = {"mail.example.com": ["192.0.2.99"]}
        clock.now += 3600
        assert await finder.find(address(CLIENT)) == ConfirmedNames(Known.ABSENT)

    asyncio.run(scene())
