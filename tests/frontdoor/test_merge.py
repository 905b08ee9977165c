"""Front doors put together from what is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.frontdoor.egress import Egress
from mxward.frontdoor.merge import assemble, exchanges, see
from mxward.frontdoor.remember import COOLING_OFF, remember
from mxward.model import (
    Answer,
    Exchange,
    FrontDoor,
    Kind,
    Known,
    Question,
    Remembered,
    Scanner,
    Source,
)
from mxward.networks import Networks, address

HOUR = 3600.0
DOMAIN = "it.co.za"
SCANNERS = {
    "mimecast": Scanner("mimecast", mx=("mimecast.com",)),
    "hornet": Scanner("hornet", mx=("hornetsecurity.com",)),
    "ours": Scanner("ours", addresses=Networks.of("10.0.0.0/24")),
}
EGRESS = {
    "mimecast": Egress(Networks.of("198.51.100.0/24")),
    "hornet": Egress(Networks.of("203.0.113.0/24")),
    "ours": Egress(Networks.of("10.0.1.0/24")),
}
Facts = dict[Question, Remembered]


def question(key: str) -> Question:
    kind, name = key.split(" ", 1)
    return Question(Kind(kind), name)


def learn(facts: Facts, now: float, told: Mapping[str, Iterable[str] | None]) -> Facts:
    """The facts after these answers: values, none (absent), or None (failed)."""
    after = dict(facts)
    for key, values in told.items():
        state = Known.FAILED if values is None else Known.FOUND if values else Known.ABSENT
        known = remember(after.get(question(key)), Answer(state, tuple(values or ()), 300.0), now)
        if known is not None:
            after[question(key)] = known
    return after


def door(facts: Facts, now: float = 0.0, egress: Mapping[str, Egress] = EGRESS) -> FrontDoor:
    return assemble(see(DOMAIN, facts.get, SCANNERS, now), egress.__getitem__, now)


FRONTED = {
    "MX it.co.za": ["10 in-1.mimecast.com", "20 in-2.mimecast.com"],
    "A in-1.mimecast.com": ["192.0.2.1", "192.0.2.2"],
    "AAAA in-1.mimecast.com": ["2001:db8::1"],
    "A in-2.mimecast.com": ["192.0.2.3"],
    "AAAA in-2.mimecast.com": [],
}


def exchange(preference: int, name: str, *addresses: str, scanner: str | None = None) -> Exchange:
    return Exchange(preference, name, tuple(map(address, addresses)), scanner)


def test_a_domain_behind_a_scanner() -> None:
    found = door(learn({}, 100.0, FRONTED), 100.0)
    assert found == FrontDoor(
        Known.FOUND,
        (
            exchange(
                10,
                "in-1.mimecast.com",
                "192.0.2.1",
                "192.0.2.2",
                "2001:db8::1",
                scanner="mimecast",
            ),
            exchange(20, "in-2.mimecast.com", "192.0.2.3", scanner="mimecast"),
        ),
        egress=EGRESS["mimecast"].networks,
        observed_at=100.0,
    )
    assert found.egress is EGRESS["mimecast"].networks  # shared, not copied


def test_two_scanners_both_deliver() -> None:
    facts = learn(
        {},
        0.0,
        {
            "MX it.co.za": ["10 a.mimecast.com", "10 b.hornetsecurity.com"],
            "A a.mimecast.com": ["192.0.2.1"],
            "AAAA a.mimecast.com": [],
            "A b.hornetsecurity.com": ["192.0.2.2"],
            "AAAA b.hornetsecurity.com": [],
        },
    )
    assert see(DOMAIN, facts.get, SCANNERS, 0.0).needs_egress_of == ("mimecast", "hornet")
    assert door(facts).egress == Networks.of("198.51.100.0/24", "203.0.113.0/24")
    assert door(facts).scanners == ("mimecast", "hornet")
    assert door(facts).also == ()


def test_a_host_of_two_scanners_is_either_ones() -> None:
    """By its name and by where a CNAME leads: the egress of both is welcome, and so are both."""
    facts = {
        question("MX it.co.za"): Remembered(Known.FOUND, ("10 a.mimecast.com",), "", 0.0, 300.0),
        question("A a.mimecast.com"): Remembered(
            Known.FOUND, ("192.0.2.1",), "b.hornetsecurity.com", 0.0, 300.0
        ),
    }
    found = door(facts)
    assert (found.scanners, found.also) == (("mimecast",), ("hornet",))
    assert found.egress == Networks.of("198.51.100.0/24", "203.0.113.0/24")


@pytest.mark.parametrize(
    ("told", "state", "names"),
    [
        # RFC 5321 5.1: the implicit MX, only where there is no MX at all
        ({"MX it.co.za": [], "A it.co.za": ["192.0.2.9"]}, Known.FOUND, ["it.co.za"]),
        ({"MX it.co.za": [], "A it.co.za": []}, Known.ABSENT, []),
        ({"MX it.co.za": ["10 mx.it"], "A it.co.za": ["192.0.2.9"]}, Known.ABSENT, ["mx.it"]),
        # RFC 7505: the null MX, which stands alone
        ({"MX it.co.za": ["0 ."], "A it.co.za": ["192.0.2.9"]}, Known.ABSENT, []),
        ({"MX it.co.za": ["0 .", "10 mx.it"], "A mx.it": ["192.0.2.9"]}, Known.FOUND, ["mx.it"]),
        # hosts without addresses
        ({"MX it.co.za": ["10 mx.it"], "A mx.it": []}, Known.ABSENT, ["mx.it"]),
        ({"MX it.co.za": ["10 a.mimecast.com"]}, Known.ABSENT, ["a.mimecast.com"]),
        # names that are none
        ({"MX it.co.za": ["10 192.0.2.1", "20 [192.0.2.1]", "garbage"]}, Known.ABSENT, []),
    ],
)
def test_states(told: dict[str, list[str]], state: Known, names: list[str]) -> None:
    everything_else = {
        f"{kind} {name}": list[str]()
        for kind in ("A", "AAAA")
        for name in ("it.co.za", "mx.it", "a.mimecast.com")
    }
    found = door(learn({}, 0.0, everything_else | told))
    assert (found.state, [x.name for x in found.exchanges]) == (state, names)
    assert found.missing == ()
    if state is Known.ABSENT:
        assert found.scanners == ()
        assert found.egress == Networks()


def test_nothing_known_is_failed() -> None:
    missing = (Question(Kind.MX, DOMAIN),)
    assert door({}) == FrontDoor(Known.FAILED, missing=missing)


def test_a_host_that_could_not_be_looked_up_is_missing_and_the_rest_stands() -> None:
    told = {**FRONTED, "A in-2.mimecast.com": None}
    found = door(learn({}, 0.0, told))
    assert found.missing == (Question(Kind.A, "in-2.mimecast.com"),)
    assert found.exchanges[1] == exchange(20, "in-2.mimecast.com", scanner="mimecast")
    assert found.state is Known.FOUND
    assert address("192.0.2.1") in found.addresses


def test_no_host_looked_up_is_not_absent() -> None:
    found = door(learn({}, 0.0, {"MX it.co.za": ["10 mx.it"]}))
    assert found.state is Known.FOUND
    assert [q.kind for q in found.missing] == [Kind.A, Kind.AAAA]


def test_spf_that_could_not_be_looked_up_is_missing() -> None:
    spf = Question(Kind.TXT, "spf.mimecast.com")
    egress = EGRESS | {"mimecast": replace(EGRESS["mimecast"], missing=(spf,))}
    assert door(learn({}, 0.0, FRONTED), egress=egress).missing == (spf,)


def test_what_is_too_wide_is_held_and_what_is_leaving_is_egress() -> None:
    egress = EGRESS | {
        "mimecast": Egress(
            Networks.of("198.51.100.0/24", "10.9.0.0/24"),
            former=Networks.of("10.8.0.0/24"),
            held=Networks.of("10.0.0.0/8"),
            leaving=Networks.of("10.9.0.0/24"),
        )
    }
    found = door(learn({}, 0.0, FRONTED), egress=egress)
    assert found.held == Networks.of("10.0.0.0/8")
    assert found.former == Networks.of("10.8.0.0/24")
    assert address("10.9.0.1") in found.egress


def test_stale_parts_make_it_remembered_and_as_old_as_the_oldest() -> None:
    facts = learn(learn({}, 100.0, FRONTED), 5000.0, {"MX it.co.za": FRONTED["MX it.co.za"]})
    found = door(facts, 5000.0)
    assert (found.source, found.observed_at) == (Source.REMEMBERED, 100.0)
    fresh = door(learn(facts, 5000.0, FRONTED), 5000.0)
    assert (fresh.source, fresh.observed_at) == (Source.DNS, 5000.0)
    stale = {"mimecast": replace(EGRESS["mimecast"], stale=True, observed_at=7.0)}
    aged = door(learn(facts, 5000.0, FRONTED), 5000.0, EGRESS | stale)
    assert (aged.source, aged.observed_at) == (Source.REMEMBERED, 7.0)


# -- what disappears ----------------------------------------------------------------------------


def test_an_address_that_vanished_is_former() -> None:
    facts = learn({}, 0.0, FRONTED)
    facts = learn(facts, HOUR, {**FRONTED, "A in-1.mimecast.com": ["192.0.2.2"]})
    assert door(facts, HOUR + COOLING_OFF - 1).former == Networks.of("192.0.2.1")
    assert door(facts, HOUR + COOLING_OFF).former == Networks()


def test_a_host_that_vanished_leaves_its_addresses_and_its_scanners_egress() -> None:
    moved = {
        "MX it.co.za": ["10 a.hornetsecurity.com"],
        "A a.hornetsecurity.com": ["192.0.2.50"],
        "AAAA a.hornetsecurity.com": [],
    }
    facts = learn(learn({}, 0.0, FRONTED), HOUR, moved)
    assert see(DOMAIN, facts.get, SCANNERS, HOUR).needs_egress_of == ("hornet", "mimecast")
    before = Networks.of("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "198.51.100.0/24")
    assert door(facts, HOUR).former == before
    assert door(facts, HOUR).egress == EGRESS["hornet"].networks
    assert (door(facts, HOUR).scanners, door(facts, HOUR).also) == (("hornet",), ("mimecast",))
    after = door(facts, HOUR + COOLING_OFF)
    assert (after.former, after.also) == (Networks(), ())


def test_an_address_that_vanished_before_its_host_did_is_former_still() -> None:
    facts = learn(learn({}, 0.0, FRONTED), HOUR, {"A in-1.mimecast.com": ["192.0.2.2"]})
    facts = learn(facts, 2 * HOUR, {"MX it.co.za": ["10 mx.it"], "A mx.it": ["192.0.2.9"]})
    former = door(facts, 2 * HOUR).former
    assert all(address(a) in former for a in ("192.0.2.1", "192.0.2.2", "192.0.2.3"))
    assert address("192.0.2.1") not in door(facts, HOUR + COOLING_OFF).former
    assert address("192.0.2.2") in door(facts, HOUR + COOLING_OFF).former


def test_another_preference_is_no_disappearance() -> None:
    facts = learn({}, 0.0, {**FRONTED, "MX it.co.za": ["10 in-1.mimecast.com"]})
    facts = learn(facts, HOUR, {**FRONTED, "MX it.co.za": ["30 in-1.mimecast.com"]})
    assert door(facts, HOUR).former == Networks()


def test_a_cname_that_led_to_another_scanner_leaves_its_egress() -> None:
    mx, host_a, host_aaaa = question("MX it.co.za"), question("A mx.it"), question("AAAA mx.it")
    facts = {mx: Remembered(Known.FOUND, ("10 mx.it",), "", 0.0, 300.0)}
    for values, led_to, now in (
        (("192.0.2.1",), "a.mimecast.com", 0.0),
        (("192.0.2.2",), "b.hornetsecurity.com", HOUR),
    ):
        for host in (host_a, host_aaaa):
            answer = Answer(Known.FOUND, values, 300.0, led_to)
            facts[host] = remember(facts.get(host), answer, now) or facts[host]
    found = door(facts, HOUR)
    assert (found.scanners, found.also) == (("hornet",), ("mimecast",))
    assert found.former == Networks.of("192.0.2.1", "198.51.100.0/24")
    assert door(facts, HOUR + COOLING_OFF).former == Networks()


def test_a_domain_that_is_gone_keeps_its_former_hosts() -> None:
    gone: dict[str, list[str]] = {"MX it.co.za": [], "A it.co.za": [], "AAAA it.co.za": []}
    found = door(learn(learn({}, 0.0, FRONTED), HOUR, gone), HOUR)
    assert found.state is Known.ABSENT
    assert address("192.0.2.1") in found.former


# -- laws ---------------------------------------------------------------------------------------

HOSTS = ["in-1.mimecast.com", "b.hornetsecurity.com", "mx.it", "it.co.za"]
ADDRESSES = st.sets(st.sampled_from(["192.0.2.1", "192.0.2.2", "10.0.0.7", "203.0.113.9"]))
MX = st.sets(st.sampled_from([f"{p} {h}" for p in (10, 20) for h in HOSTS[:3]] + ["0 ."]))
TOLD = st.builds(
    lambda mx, hosts: {"MX it.co.za": mx} | hosts,
    MX | st.none(),
    st.fixed_dictionaries({f"{k} {h}": ADDRESSES | st.none() for h in HOSTS for k in ("A",)}),
)
HISTORY = st.lists(st.tuples(st.floats(0, 40 * HOUR), TOLD), max_size=5)


def after(history: list[tuple[float, dict[str, set[str] | None]]]) -> tuple[Facts, float]:
    facts: Facts = learn({}, 0.0, {f"AAAA {host}": [] for host in HOSTS})
    now = 0.0
    for step, told in history:
        now += step
        facts = learn(facts, now, told)
    return facts, now


def lets_in(found: FrontDoor) -> set[str]:
    """Everything that a front door welcomes, as text."""
    networks = {str(net) for net in (*found.egress, *found.former)}
    hosts = {f"{a}/32" for a in found.addresses}
    return networks | hosts | {*found.scanners, *found.also}  # scanners by their certificates


@given(HISTORY, st.floats(0, 100 * HOUR))
def test_failing_look_ups_never_change_a_door(
    history: list[tuple[float, dict[str, set[str] | None]]], later: float
) -> None:
    facts, now = after(history)
    failed: dict[str, None] = {f"{q.kind} {q.name}": None for q in facts}
    before = door(facts, now + later)
    outage = door(learn(facts, now + later, failed), now + later)
    assert outage == before


@settings(max_examples=200)
@given(HISTORY, st.sampled_from(HOSTS), st.sampled_from(["192.0.2.77", "10.0.0.77"]))
def test_adding_an_address_takes_nothing_away(
    history: list[tuple[float, dict[str, set[str] | None]]], host: str, added: str
) -> None:
    facts, now = after(history)
    key = question(f"A {host}")
    have = facts[key].values if key in facts else ()
    same = door(learn(facts, now, {f"A {host}": have}), now)
    more = door(learn(facts, now, {f"A {host}": {*have, added}}), now)
    assert lets_in(same) <= lets_in(more)


@given(HISTORY)
def test_what_was_welcome_stays_so_for_72_hours(
    history: list[tuple[float, dict[str, set[str] | None]]],
) -> None:
    """A host's addresses, and the egress of its scanner, unless nobody stood in front."""
    facts: Facts = learn({}, 0.0, {f"AAAA {host}": [] for host in HOSTS})
    until: dict[str, float] = {}
    now = 0.0
    for step, told in history:
        now += step
        facts = learn(facts, now, told)
        found = door(facts, now)
        if found.state is Known.FOUND:
            assert {net for net, end in until.items() if now < end} <= lets_in(found)
            implicit = any(exchange.name == DOMAIN for exchange in found.exchanges)
            if not implicit:
                welcome = {
                    *(str(net) for net in found.egress),
                    *(f"{a}/32" for a in found.addresses),
                    *found.scanners,
                }
                until |= dict.fromkeys(welcome, now + COOLING_OFF)


@given(st.lists(st.text()), st.lists(st.text()), st.text(), st.text())
def test_whatever_the_dns_answers_a_door_is_put_together(
    mx: list[str], addresses: list[str], canonical: str, vanished: str
) -> None:
    def known(*values: str) -> Remembered:
        return Remembered(Known.FOUND, values, canonical, 0.0, 300.0, ((vanished, 0.0),))

    hosts = known(*mx, *(f"10 {name}" for name in mx))
    facts = {question("MX it.co.za"): hosts}
    for _, name in exchanges(DOMAIN, hosts):
        facts[Question(Kind.A, name)] = known(*addresses)
    door(facts)
