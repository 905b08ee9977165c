"""Who may go past mxward."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains
from mxward.intercept.fast_path import bypass
from mxward.model import (
    EVERY,
    Action,
    Arrival,
    Exchange,
    FrontDoor,
    Kind,
    Known,
    Question,
    Rules,
    Scanner,
    Stage,
    StageSet,
    Stored,
    Trust,
)
from mxward.networks import Networks, network

OWN = ip_address("203.0.113.25")
NAMES = ("a.example", "b.example", "c.example")
RULES = Rules(
    inventory=Domains(NAMES),
    scanners={name: Scanner(name) for name in ("clean", "pure")},
    own=frozenset([OWN]),
    client_told=True,
)


def door(*egress: str, mx: str = "198.51.100.10", scanner: str | None = "clean") -> FrontDoor:
    exchange = Exchange(10, "mx.example", (ip_address(mx),), scanner)
    return FrontDoor(Known.FOUND, (exchange,), egress=Networks.of(*egress))


def past(*doors: FrontDoor, rules: Rules = RULES) -> list[str]:
    found = bypass(zip(NAMES, doors, strict=False), rules, 0.0)
    return [str(net) for net in found.networks]


CLEAN = door("198.51.100.0/26", "2001:db8:7::/64")


def test_one_domain_has_its_whole_door() -> None:
    assert past(CLEAN) == ["198.51.100.0/26", "2001:db8:7::/64"]


def test_only_what_all_have_in_common() -> None:
    narrow = door("198.51.100.16/28", "2001:db8:8::/64", mx="198.51.100.11")
    assert past(CLEAN, narrow) == ["198.51.100.11/32", "198.51.100.16/28"]
    other = door("192.0.2.0/24", mx="192.0.2.10", scanner="pure")
    assert past(CLEAN, narrow, other) == []


@given(st.dictionaries(st.sampled_from((EVERY, *NAMES)), st.sampled_from(Stage)))
def test_neither_trust_nor_stages_change_who_goes_past(stages: dict[str, Stage]) -> None:
    """So what the store says of them need not be heard by whoever keeps the fast path."""
    doors = (CLEAN, door("198.51.100.0/25"), door(mx="192.0.2.60", scanner=None))
    word = Stored(
        (Trust("anna", "x", network("192.0.2.0/24"), id=1),),
        {what: StageSet(stage, 0.0, "anna") for what, stage in stages.items()},
    )
    assert past(*doors, rules=RULES.having(word)) == past(*doors) != []


def test_a_domain_that_nothing_stands_in_front_of_keeps_nobody_out() -> None:
    for open_door in (
        FrontDoor(Known.ABSENT),
        door(mx="192.0.2.60", scanner=None),
        door(mx=str(OWN), scanner=None),
    ):
        assert past(CLEAN, open_door) == past(open_door, CLEAN) == past(CLEAN)


def test_nobody_goes_past_where_no_domain_is_fronted() -> None:
    assert past() == past(FrontDoor(Known.ABSENT)) == []


def test_what_was_never_found_does_not_count_and_is_told() -> None:
    missing = (Question(Kind.A, "mx.example"),)
    for unknown in (
        FrontDoor(Known.FAILED),
        replace(door(scanner=None), missing=missing, exchanges=(Exchange(10, "mx.example"),)),
    ):
        found = bypass(zip(NAMES, (CLEAN, unknown), strict=False), RULES, 0.0)
        assert (found.domains, found.fronted, found.unknown) == (2, 1, 1)


def test_neither_trusted_nor_held_nor_former_clients_go_past() -> None:
    trust = Trust("anna", "the printer", network=network("192.0.2.7"))
    held = replace(CLEAN, held=Networks.of("192.0.2.0/24"), former=Networks.of("192.0.2.8"))
    assert past(held, rules=replace(RULES, trust=(trust,))) == past(CLEAN)


# -- laws -------------------------------------------------------------------------------------

NETWORKS = st.sampled_from(
    [
        *(f"198.51.100.{16 * n}/28" for n in range(4)),
        *("198.51.100.0/24", "198.51.100.0/27", "198.51.100.20/32", "2001:db8::/64", "2001:db8::5"),
    ]
)
DOORS = st.one_of(
    st.lists(NETWORKS, max_size=4).map(lambda nets: door(*nets)),
    st.just(FrontDoor(Known.ABSENT)),
    st.just(FrontDoor(Known.FAILED)),
)
CLIENTS = st.one_of(
    st.integers(0, 70).map(lambda n: ip_address(f"198.51.100.{n}")),
    st.integers(0, 7).map(lambda n: ip_address(f"2001:db8::{n}")),
    st.just(ip_address("192.0.2.7")),
)


@given(st.lists(DOORS, max_size=3), CLIENTS)
def test_who_goes_past_is_whom_the_rule_lets_in_by_every_front_door(
    doors: list[FrontDoor], client: object
) -> None:
    address = ip_address(str(client))
    found = bypass(zip(NAMES, doors, strict=False), RULES, 0.0)
    passes = []
    for name, each in zip(NAMES, doors, strict=False):
        if each.scanners:
            arrival = Arrival(address, OWN, "", "", f"user@{name}")
            passes.append(policy.decide(arrival, each, RULES, 0.0).would is Action.PASS)
    assert (address in Networks(found.networks)) == (bool(passes) and all(passes))


@given(st.lists(DOORS, max_size=2), DOORS, CLIENTS)
def test_another_fronted_domain_never_widens_it(
    doors: list[FrontDoor], another: FrontDoor, client: object
) -> None:
    address = ip_address(str(client))
    before = bypass(zip(NAMES, doors, strict=False), RULES, 0.0)
    after = bypass(zip(NAMES, [*doors, another], strict=False), RULES, 0.0)
    if before.fronted:
        assert (address in Networks(after.networks)) <= (address in Networks(before.networks))
