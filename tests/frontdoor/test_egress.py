"""A scanner's egress over time: what is new applies, what vanishes cools off, two things wait."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.frontdoor.egress import NEVER, Egress, EgressHistory, learn, standing
from mxward.frontdoor.expansion import Expansion
from mxward.frontdoor.remember import COOLING_OFF
from mxward.model import Scanner
from mxward.networks import Network, Networks, network, too_wide

DAY = 24 * 3600.0
NAMES = ("spf.scanner.example",)
SCANNER = Scanner("scanner", egress=Networks.of("203.0.113.0/24"), spf=NAMES)
FOUR = ("192.0.2.0/26", "198.51.100.0/26", "10.1.0.0/26", "10.2.0.0/26")


def named(*networks: str, whole: bool = True) -> Expansion:
    return Expansion(frozenset(map(network, networks)), (), (), whole)


def over_time(*found: tuple[float, Expansion], accepted_at: float = NEVER) -> EgressHistory:
    history = None
    for at, expansion in found:
        history = learn(history, NAMES, expansion, accepted_at, at)
    assert history is not None
    return history


def egress(history: EgressHistory, now: float, accepted_at: float = NEVER) -> Egress:
    return standing(SCANNER, history, accepted_at, now)


def declared_and(*networks: str) -> Networks:
    return Networks.of("203.0.113.0/24", *networks)


def test_declared_networks_need_no_spf() -> None:
    assert standing(SCANNER, None, NEVER, 0.0) == Egress(SCANNER.egress)


def test_what_is_named_newly_applies_at_once() -> None:
    history = over_time((0.0, named("192.0.2.1")), (DAY, named("192.0.2.1", "192.0.2.2")))
    assert egress(history, DAY).networks == declared_and("192.0.2.1", "192.0.2.2")


def test_what_is_named_no_longer_cools_off() -> None:
    history = over_time((0.0, named(*FOUR)), (DAY, named(*FOUR[1:])))
    just_before = egress(history, DAY + COOLING_OFF - 1)
    assert just_before.networks == declared_and(*FOUR[1:])
    assert just_before.former == Networks.of(FOUR[0])
    assert egress(history, DAY + COOLING_OFF).former == Networks()


@pytest.mark.parametrize(
    ("before", "after", "waits"),
    [
        (FOUR, FOUR[:2], False),  # half is left
        (FOUR, FOUR[:1], True),  # less than half
        (FOUR, (), True),
        (FOUR, ("172.16.0.0/26",), True),  # replaced by less than half
        (FOUR, ("172.16.0.0/26", "172.17.0.0/26", "172.18.0.0/26", "172.19.0.0/26"), False),
        (("192.0.2.0/26", "192.0.2.64/26", "192.0.2.128/25"), ("192.0.2.0/24",), False),
        (("10.1.0.0/17", "192.0.2.1"), ("192.0.2.1",), True),  # by addresses
        (("192.0.2.1", "2001:db8::/48"), ("192.0.2.1", "192.0.2.2"), True),  # IPv6 is gone
    ],
)
def test_a_shrink_by_more_than_half_waits(
    before: tuple[str, ...], after: tuple[str, ...], waits: bool
) -> None:
    history = over_time((0.0, named(*before)), (DAY, named(*after)))
    much_later = egress(history, 30 * DAY)
    vanished = set(before) - set(after)
    assert much_later.leaving == (Networks.of(*vanished) if waits else Networks())
    assert much_later.networks == declared_and(*after, *(vanished if waits else ()))
    assert much_later.former == Networks()


def test_a_waiting_shrink_waits_however_often_it_is_seen() -> None:
    history = over_time(*((n * DAY, named(*(FOUR if n == 0 else FOUR[:1]))) for n in range(30)))
    assert egress(history, 30 * DAY).leaving == Networks.of(*FOUR[1:])


def test_the_operator_lets_what_is_leaving_go() -> None:
    seen = ((0.0, named(*FOUR)), (DAY, named(FOUR[0])), (10 * DAY, named(FOUR[0])))
    assert egress(over_time(*seen), 10 * DAY, accepted_at=10 * DAY).networks == declared_and(
        FOUR[0]
    )
    again = learn(over_time(*seen), NAMES, named(FOUR[0]), 10 * DAY, 11 * DAY)
    assert again.gone == ()
    assert egress(again, 11 * DAY, accepted_at=10 * DAY).networks == declared_and(FOUR[0])


def test_a_word_given_before_does_not_count() -> None:
    history = over_time((0.0, named(*FOUR)), (DAY, named(FOUR[0])))
    assert egress(history, DAY, accepted_at=DAY - 1).leaving == Networks.of(*FOUR[1:])


def test_when_it_grows_back_the_rest_cools_off_from_then_on() -> None:
    history = over_time((0.0, named(*FOUR)), (DAY, named(FOUR[0])), (10 * DAY, named(*FOUR[:3])))
    assert egress(history, 10 * DAY).networks == declared_and(*FOUR[:3])
    assert egress(history, 10 * DAY).former == Networks.of(FOUR[3])
    assert egress(history, 10 * DAY + COOLING_OFF).former == Networks()


@pytest.mark.parametrize(
    ("net", "held"),
    [
        ("10.0.0.0/16", False),
        ("10.0.0.0/15", True),
        ("0.0.0.0/0", True),
        ("2001:db8::/32", False),
        ("2001:d00::/31", True),
    ],
)
def test_a_wide_network_is_held(net: str, held: bool) -> None:
    history = over_time((DAY, named("192.0.2.1", net)))
    assert (network(net) in set(egress(history, DAY).held)) is held
    assert (network(net) in set(egress(history, DAY).networks)) is not held
    accepted = egress(history, DAY, accepted_at=DAY)
    assert network(net) in set(accepted.networks)
    assert accepted.held == Networks()


def test_an_accepted_wide_network_that_flaps_needs_no_second_word() -> None:
    history = over_time(
        (0.0, named("10.0.0.0/8", *FOUR)),
        (2 * DAY, named(*FOUR)),
        (3 * DAY, named("10.0.0.0/8", *FOUR)),
        accepted_at=DAY,
    )
    assert egress(history, 3 * DAY, accepted_at=DAY).held == Networks()


def test_a_held_network_that_vanishes_was_never_egress() -> None:
    history = over_time((0.0, named("10.0.0.0/8", *FOUR)), (DAY, named(*FOUR)))
    assert history.gone == ()


def test_an_incomplete_expansion_only_adds() -> None:
    history = over_time((0.0, named(*FOUR)), (DAY, named("192.0.2.99", whole=False)))
    assert egress(history, DAY).networks == declared_and(*FOUR, "192.0.2.99")
    assert history.gone == ()


def test_other_spf_names_are_the_operators_word() -> None:
    history = over_time((0.0, named(*FOUR)))
    others = ("other.example",)
    assert learn(history, others, named("192.0.2.1"), NEVER, DAY) == EgressHistory(
        others, ((network("192.0.2.1"), DAY),)
    )
    assert standing(Scanner("s", spf=others), history, NEVER, DAY) == Egress()


NETWORKS = st.sets(st.sampled_from([*FOUR, "10.0.0.0/8", "2001:db8::/48", "2001::/16"]))
TIMED = st.lists(st.tuples(st.floats(0, 20 * DAY), NETWORKS, st.booleans()), max_size=10)


def history_of(
    timed: Iterable[tuple[float, set[str], bool]], accepted_at: float
) -> list[tuple[float, EgressHistory]]:
    history, all_of_it = None, []
    for at, networks, whole in sorted(timed, key=lambda one: one[0]):
        history = learn(history, NAMES, named(*networks, whole=whole), accepted_at, at)
        all_of_it.append((at, history))
    return all_of_it


@given(TIMED, st.sampled_from([NEVER, 10 * DAY]))
def test_nothing_that_was_egress_is_refused_within_72_hours(
    timed: list[tuple[float, set[str], bool]], accepted_at: float
) -> None:
    until: dict[Network, float] = {}
    for at, history in history_of(timed, accepted_at):
        now = egress(history, at, accepted_at)
        welcome = {*now.networks, *now.former}
        assert {net for net, end in until.items() if at < end} <= welcome
        until |= dict.fromkeys(now.networks, at + COOLING_OFF)


@given(TIMED)
def test_no_wide_network_is_egress_without_the_operator(
    timed: list[tuple[float, set[str], bool]],
) -> None:
    for at, history in history_of(timed, NEVER):
        now = egress(history, at)
        assert not any(map(too_wide, (*now.networks, *now.former)))


@given(TIMED, NETWORKS)
def test_naming_more_never_takes_anything_away(
    timed: list[tuple[float, set[str], bool]], more: set[str]
) -> None:
    past = history_of(timed, NEVER)
    if past:
        at, history = past[-1]
        _, networks, whole = max(timed, key=lambda one: one[0])
        less = egress(learn(history, NAMES, named(*networks, whole=whole), NEVER, at), at)
        wider = named(*(networks | more), whole=whole)
        grown = egress(learn(history, NAMES, wider, NEVER, at), at)
        assert {*less.networks, *less.former} <= {*grown.networks, *grown.former}
