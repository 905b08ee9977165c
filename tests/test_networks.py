"""Addresses and sets of networks, compared with what the standard library says."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.networks import Address, Network, Networks, address, network, too_wide

v4 = st.integers(0, 2**32 - 1).map(IPv4Address)
v6 = st.integers(0, 2**128 - 1).map(IPv6Address)
near = st.integers(0, 15).map(IPv4Address) | st.integers(0, 15).map(IPv6Address)
addresses = v4 | v6 | near


@st.composite
def a_network(draw: st.DrawFn) -> Network:
    start = draw(addresses)
    return ip_network((start, draw(st.integers(0, start.max_prefixlen))), strict=False)


@given(st.lists(a_network(), max_size=8), addresses)
def test_inside_is_inside_any(members: list[Network], member: Address) -> None:
    assert (member in Networks(members)) is any(member in net for net in members)


@given(st.lists(a_network(), max_size=8), st.data())
def test_the_edges_of_a_network(members: list[Network], data: st.DataObject) -> None:
    found = Networks(members)
    for net in members:
        assert net.network_address in found
        assert net.broadcast_address in found


@given(st.lists(a_network(), max_size=5), st.lists(a_network(), max_size=5))
def test_networks_are_a_set(some: list[Network], others: list[Network]) -> None:
    both = Networks(some) | Networks(others)
    assert both == Networks(others) | Networks(some) == Networks([*some, *others])
    assert hash(both) == hash(Networks([*others, *some]))
    assert set(both) == {*some, *others}
    assert len(both) == len({*some, *others})
    assert bool(both) is bool(some or others)
    assert eval(repr(both), {"Networks": Networks}) == both  # noqa: S307 - our own text


def test_the_order_is_by_family_and_address() -> None:
    mixed = Networks.of("2001:db8::/32", "198.51.100.0/24", "192.0.2.7", "198.51.0.0/16")
    assert list(map(str, mixed)) == [
        "192.0.2.7/32",
        "198.51.0.0/16",
        "198.51.100.0/24",
        "2001:db8::/32",
    ]


@given(v4)
def test_a_mapped_address_is_an_ipv4_address(member: IPv4Address) -> None:
    assert address(f"::ffff:{member}") == address(str(member)) == member
    assert network(f"::ffff:{member}") == network(str(member))
    assert member in Networks.of(f"::ffff:{member}")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
    ],
)
def test_network(text: str, read: str) -> None:
    assert str(network(text)) == read


def test_a_zone_is_no_part_of_an_address() -> None:
    """It may be any text: a line end, and a rule behind it."""
    assert str(address("fe80::1%eth0")) == "fe80::1"
    assert str(address("2001:db8::%x\n192.0.2.66\tOK")) == "2001:db8::"


@pytest.mark.parametrize(
    "text",
    [
        *("", "192.0.2.1/24", "192.0.2.0/33", "192.0.2", "it.co.za", "::g"),
        *("fe80::%eth0/64", "2001:db8::%x\n192.0.2.66\tOK\n#/32"),
    ],
)
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError):
        network(text)


@pytest.mark.parametrize(
    "text", ["", "192.0.2.0/24", "192.0.2.256", "010.0.0.1", "localhost", "[::1]"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        address(text)


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("10.0.0.0/16", False),
        ("10.0.0.0/15", True),
        ("0.0.0.0/0", True),
        ("2001:db8::/32", False),
        ("2001:db8::/31", True),
        ("2001:db8::1", False),
    ],
)
def test_too_wide(text: str, wide: bool) -> None:
    assert too_wide(network(text)) is wide
