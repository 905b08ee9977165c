"""Groups: few, and under names that stay."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.groups import grouped
from mxward.lockdown.sealing import Sealed, Verdict
from mxward.networks import Networks, network
from tests.lockdown.plans import HOSTILE

NETS = ("198.51.100.0/28", "198.51.100.16/28", "203.0.113.7", "2001:db8::/64", "198.51.100.3")


def sealed(
    domain: str,
    *welcome: str,
    verdict: Verdict = Verdict.DENY,
    scanners: tuple[str, ...] = ("clean",),
    trusted: tuple[str, ...] = (),
) -> Sealed:
    nets = Networks.of(*(welcome or NETS[:1]))
    return Sealed(domain, verdict, scanners, ("mx.clean.example",), nets, Networks.of(*trusted))


some = st.lists(
    st.builds(
        Sealed,
        domain=HOSTILE,
        verdict=st.sampled_from(Verdict),
        scanners=st.lists(HOSTILE, max_size=2).map(tuple),
        exchanges=st.lists(HOSTILE, max_size=2).map(tuple),
        welcome=st.lists(st.sampled_from(NETS), max_size=3).map(lambda nets: Networks.of(*nets)),
        trusted=st.lists(st.sampled_from(NETS), max_size=2).map(lambda nets: Networks.of(*nets)),
    ),
    max_size=8,
    unique_by=lambda each: each.domain,
)


@given(some)
def test_each_domain_is_in_one_group_with_its_verdict_and_networks(found: list[Sealed]) -> None:
    groups = grouped(found)
    assert [group.name for group in groups] == sorted({group.name for group in groups})
    domains = [domain for group in groups for domain in group.domains]
    assert sorted(domains) == sorted(each.domain for each in found)
    of_domain = {domain: group for group in groups for domain in group.domains}
    for each in found:
        group = of_domain[each.domain]
        assert group.domains[each.domain] is each.verdict
        for net in NETS:
            client = network(net).network_address
            inside = client in each.welcome or client in each.trusted
            assert any(client in one for one in group.networks) == inside


@given(some)
def test_a_name_is_good_for_any_file(found: list[Sealed]) -> None:
    for group in grouped(found):
        assert re.fullmatch(r"via_[a-z0-9_]{1,42}", group.name)


@given(some, st.randoms())
def test_the_order_they_come_in_does_not_matter(found: list[Sealed], by: object) -> None:
    other = sorted(found, key=lambda each: hash((by, each.domain)))
    assert grouped(other) == grouped(found)


def test_verdicts_do_not_part_a_group_but_scanners_and_trust_do() -> None:
    groups = grouped(
        [
            sealed("a.example"),
            sealed("b.example", verdict=Verdict.WARN),
            sealed("c.example", trusted=("192.0.2.7",)),
            sealed("d.example", scanners=("wash",)),
        ]
    )
    assert sorted(list(group.domains) for group in groups) == [
        ["a.example", "b.example"],
        ["c.example"],
        ["d.example"],
    ]


def test_networks_are_as_few_as_there_can_be_however_they_came() -> None:
    halves = sealed("a.example", "198.51.100.0/29", "198.51.100.8/29", trusted=NETS[3:4])
    [group] = grouped([halves, sealed("b.example", NETS[0], trusted=NETS[3:4])])
    assert list(group.domains) == ["a.example", "b.example"]
    assert group.welcome == (network(NETS[0]),)
    assert group.networks == (network(NETS[0]), network(NETS[3]))


def test_a_name_stays_while_networks_move() -> None:
    [before] = grouped([sealed("a.example")])
    [after] = grouped([sealed("a.example", "203.0.113.0/24")])
    assert before.name == after.name


def test_where_domains_differ_in_what_was_lately_the_most_keep_the_name() -> None:
    [plain] = grouped([sealed("a.example")])
    groups = grouped([sealed("b.example", *NETS[:2]), sealed("a.example"), sealed("c.example")])
    names = {group.name: list(group.domains) for group in groups}
    assert names.pop(plain.name) == ["a.example", "c.example"]
    assert list(names.values()) == [["b.example"]]
    assert next(iter(names)).startswith(f"{plain.name}_")
