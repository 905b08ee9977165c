"""Following SPF names through the facts at hand."""

from __future__ import annotations

from collections.abc import Mapping

from mxward.frontdoor.expansion import MOST_LOOKUPS, MOST_NETWORKS, Expansion, expand
from mxward.model import Kind, Known, Question, Remembered
from mxward.networks import Networks

Zone = Mapping[str, list[str]]


def ask_all(*names: str, zone: Zone, failing: str = "") -> Expansion:
    """Expand, answering out of `zone` ("TXT a.example" -> values) until nothing is asked."""
    facts: dict[Question, Remembered | None] = {}
    for _ in range(100):
        expansion = expand(names, facts)
        asks = expansion.next_asks(facts)
        if not asks:
            return expansion
        for question in asks:
            key = f"{question.kind} {question.name}"
            values = tuple(zone.get(key, ()))
            state = Known.FOUND if values else Known.ABSENT
            known = Remembered(state, values, "", 0.0, 1.0)
            facts[question] = None if key == failing else known
    raise AssertionError("it asks without end")


def spf(terms: str) -> list[str]:
    return [f"v=spf1 {terms} -all"]


def test_a_name_is_asked_before_anything_is_known() -> None:
    expansion = expand(["a.example"], {})
    assert expansion.next_asks({}) == [Question(Kind.TXT, "a.example")]
    assert not expansion.whole


def test_includes_are_followed() -> None:
    expansion = ask_all(
        "a.example",
        zone={
            "TXT a.example": spf("include:b.example ip4:192.0.2.1"),
            "TXT b.example": ["v=spf1 redirect=c.example"],
            "TXT c.example": spf("ip4:198.51.100.0/24 ip6:2001:db8::/48 exists:%{i}.example"),
        },
    )
    assert Networks(expansion.networks) == Networks.of(
        "192.0.2.1", "198.51.100.0/24", "2001:db8::/48"
    )
    assert expansion.unlisted == ("exists:%{i}.example",)
    assert expansion.whole


def test_hosts_are_looked_up() -> None:
    expansion = ask_all(
        "a.example",
        zone={
            "TXT a.example": spf("a:delivery.example mx:in.example/24"),
            "A delivery.example": ["192.0.2.1", "192.0.2.2"],
            "AAAA delivery.example": ["2001:db8::1"],
            "MX in.example": ["10 mx.in.example", "20 192.0.2.3"],
            "A mx.in.example": ["198.51.100.7"],
        },
    )
    assert Networks(expansion.networks) == Networks.of(
        "192.0.2.1", "192.0.2.2", "2001:db8::1", "198.51.100.0/24"
    )
    assert expansion.whole


def test_a_failed_look_up_leaves_it_incomplete() -> None:
    zone = {
        "TXT a.example": spf("ip4:192.0.2.1 include:b.example"),
        "TXT b.example": spf("ip4:192.0.2.2"),
    }
    expansion = ask_all("a.example", zone=zone, failing="TXT b.example")
    assert Networks(expansion.networks) == Networks.of("192.0.2.1")
    assert not expansion.whole


def test_a_name_without_spf_is_known_to_name_nothing() -> None:
    expansion = ask_all("a.example", zone={})
    assert (expansion.networks, expansion.whole) == (frozenset(), True)


def test_circles_end() -> None:
    zone = {
        "TXT a.example": spf("include:b.example ip4:192.0.2.1"),
        "TXT b.example": spf("include:a.example include:b.example"),
    }
    expansion = ask_all("a.example", zone=zone)
    assert len(expansion.asks) == 2
    assert expansion.whole


def test_look_ups_are_bounded() -> None:
    zone = {f"TXT n{n}.example": spf(f"include:n{n + 1}.example") for n in range(1000)}
    expansion = ask_all("n0.example", zone=zone)
    assert len(expansion.asks) == MOST_LOOKUPS
    assert not expansion.whole


def test_hosts_of_one_mx_are_bounded() -> None:
    zone = {
        "TXT a.example": spf("mx"),
        "MX a.example": [f"10 mx{n}.example" for n in range(40)],
    }
    assert len(ask_all("a.example", zone=zone).asks) == 2 + 2 * 10  # RFC 7208 4.6.4


def test_networks_are_bounded() -> None:
    terms = " ".join(f"ip4:10.{n >> 8}.{n & 255}.0/24" for n in range(5000))
    expansion = ask_all("a.example", zone={"TXT a.example": spf(terms)})
    assert len(expansion.networks) == MOST_NETWORKS
    assert not expansion.whole
