"""What one SPF record names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.frontdoor.spf import Hosts, Record, read
from mxward.model import Kind
from mxward.networks import address, network

NAME = "example.com"


@pytest.mark.parametrize(
    ("terms", "networks"),
    [
        ("ip4:192.0.2.0/24 ip6:2001:db8::/32 -all", ["192.0.2.0/24", "2001:db8::/32"]),
        ("ip4:192.0.2.1", ["192.0.2.1/32"]),
        ("IP4:192.0.2.77/24", ["192.0.2.0/24"]),
        ("+ip4:192.0.2.1  ip4:192.0.2.2", ["192.0.2.1/32", "192.0.2.2/32"]),
        ("-ip4:192.0.2.1 ~ip4:192.0.2.2 ?ip4:192.0.2.3", []),
        ("ip4:0.0.0.0/0", ["0.0.0.0/0"]),
        ("+all", []),
        ("moo=boo exp=explain.example op=auth", []),
    ],
)
def test_networks(terms: str, networks: list[str]) -> None:
    record = read([f"v=spf1 {terms}"], NAME)
    assert record == Record(networks=tuple(network(net) for net in networks))


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ("include:a.example include:B.example. -all", ["a.example", "b.example"]),
        ("redirect=a.example", ["a.example"]),
        ("redirect=a.example -all", []),  # RFC 7208 6.1
        ("~ALL redirect=a.example", []),
        ("-include:a.example ?include:b.example", []),
    ],
)
def test_names_that_lead_on(terms: str, names: list[str]) -> None:
    assert read([f"V=SPF1 {terms}"], NAME) == Record(includes=tuple(names))


@pytest.mark.parametrize(
    ("term", "hosts"),
    [
        ("a", Hosts(Kind.A, NAME)),
        ("mx", Hosts(Kind.MX, NAME)),
        ("a:mail.example", Hosts(Kind.A, "mail.example")),
        ("a/24", Hosts(Kind.A, NAME, 24)),
        ("mx:mail.example/24//64", Hosts(Kind.MX, "mail.example", 24, 64)),
        ("a//64", Hosts(Kind.A, NAME, 32, 64)),
    ],
)
def test_hosts(term: str, hosts: Hosts) -> None:
    assert read([f"v=spf1 {term} -all"], NAME) == Record(hosts=(hosts,))


def test_what_is_around_a_host_counts() -> None:
    around = Hosts(Kind.A, NAME, 24, 64)
    assert around.network(address("192.0.2.77")) == network("192.0.2.0/24")
    assert around.network(address("2001:db8::77")) == network("2001:db8::/64")


@pytest.mark.parametrize(
    "term",
    [
        "exists:%{i}._spf.example",
        "ptr",
        "ptr:example.com",
        "include:%{d}.example",
        "redirect=%{d}.example",
        "a:%{i}.example",
        "ip4:192.0.2.256",
        "ip4:",
        "ip6:nonsense",
        "ip6:2001:db8::%x/32",
        "a/33",
        "a//129",
        "a/24/64",
        "include:",
        "include:192.0.2.1",
        "!",
    ],
)
def test_what_names_no_finite_set_is_reported(term: str) -> None:
    assert read([f"v=spf1 ip4:192.0.2.1 {term}"], NAME) == Record(
        networks=(network("192.0.2.1"),), unlisted=(term,)
    )


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["v=spf10 ip4:192.0.2.1", "spf2.0/pra ip4:192.0.2.1", "google-site-verification=x"],
        ["v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.2"],  # RFC 7208 4.5
        ["v=spf1"],
    ],
)
def test_no_single_record_names_nothing(values: list[str]) -> None:
    assert read(values, NAME) == Record()


TERMS = st.sampled_from(["ip4:", "ip6:", "a:", "mx/", "include:", "redirect=", "exists:", "-", ""])


@given(st.lists(st.lists(st.tuples(TERMS, st.text(max_size=12)).map("".join))))
def test_no_text_raises(records: list[list[str]]) -> None:
    for terms in records:
        read([" ".join(["v=spf1", *terms])], NAME)
