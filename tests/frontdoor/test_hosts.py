"""A host's addresses, and whose host it is."""

from __future__ import annotations

import pytest

from mxward.frontdoor.hosts import MOST_ADDRESSES, look_at, scanners_of
from mxward.model import Kind, Known, Question, Remembered, Scanner
from mxward.networks import Networks, address

SCANNERS = {
    s.name: s
    for s in (
        Scanner("mimecast", mx=("mimecast.com", "mimecast.co.za")),
        Scanner("barracuda", mx=("barracudanetworks.com",)),
        Scanner("barracuda-za", mx=("ess.za.barracudanetworks.com",)),
        Scanner("ours", addresses=Networks.of("10.0.0.0/24")),
        Scanner("theirs", addresses=Networks.of("10.0.0.5", "2001:db8::/64")),
    )
}


@pytest.mark.parametrize(
    ("names", "addresses", "scanners"),
    [
        (["za-smtp-inbound-1.mimecast.co.za"], [], ["mimecast"]),
        (["mimecast.com"], [], ["mimecast"]),
        (["notmimecast.com"], [], []),  # label boundaries
        (["mimecast.com.evil.example"], [], []),
        (["d1.ess.za.barracudanetworks.com"], [], ["barracuda-za", "barracuda"]),
        (["mx.example.com", "eu.mimecast.com"], [], ["mimecast"]),  # a CNAME
        (["a.mimecast.com", "b.barracudanetworks.com"], [], ["mimecast", "barracuda"]),
        (["mx.example.com"], ["10.0.0.7"], ["ours"]),  # a vanity MX
        (["mx.example.com"], ["192.0.2.1", "10.0.0.5"], ["ours", "theirs"]),
        (["mx.example.com"], ["2001:db8::9"], ["theirs"]),
        (["a.mimecast.com"], ["10.0.0.7"], ["mimecast"]),  # the name says it
        (["mx.example.com"], ["192.0.2.1"], []),
    ],
)
def test_whose_host(names: list[str], addresses: list[str], scanners: list[str]) -> None:
    assert scanners_of(names, map(address, addresses), SCANNERS) == tuple(scanners)


def test_what_is_known_of_a_host() -> None:
    facts = {
        Question(Kind.A, "mx.example.com"): Remembered(
            Known.FOUND,
            ("192.0.2.1", "garbage"),
            "eu.mimecast.com",
            0.0,
            300.0,
            (("192.0.2.2", 100.0), ("CNAME d1.barracudanetworks.com", 100.0)),
        )
    }
    host = look_at("mx.example.com", facts.get, SCANNERS, 200.0)
    assert host.addresses == (address("192.0.2.1"),)
    assert host.former == (address("192.0.2.2"),)
    assert host.scanners == ("mimecast",)
    assert host.former_scanners == ("barracuda",)
    assert host.missing == (Question(Kind.AAAA, "mx.example.com"),)


def test_addresses_are_bounded_but_not_those_of_lately() -> None:
    many = tuple(f"192.0.2.{n}" for n in range(256))
    former = tuple((f"198.51.100.{n}", 0.0) for n in range(256))
    facts = {Question(Kind.A, "mx.it"): Remembered(Known.FOUND, many, "", 0.0, 300.0, former)}
    host = look_at("mx.it", facts.get, {}, 1.0)
    assert (len(host.addresses), len(host.former)) == (MOST_ADDRESSES, 256)
