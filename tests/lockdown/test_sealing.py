"""A domain sealed: who is in its networks passes by the rule, and a stranger meets its verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains
from mxward.frontdoor import spf
from mxward.lockdown.sealing import LeftOut, Sealed, Sealing, Unsure, Verdict
from mxward.model import (
    NOT_ASKED,
    Action,
    Arrival,
    ConfirmedNames,
    Decision,
    Exchange,
    FrontDoor,
    Kind,
    Known,
    Question,
    Rules,
    Scanner,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, address, network
from tests.policy_worlds import ADDRESSES, World, strict_worlds, welcome_worlds, worlds

DOMAIN = "it.co.za"
SERVER = address("192.0.2.25")
DOOR = FrontDoor(
    Known.FOUND,
    (Exchange(10, "mx1.clean.example", (address("198.51.100.1"),), "clean"),),
    egress=Networks.of("203.0.113.0/28"),
    former=Networks.of("198.51.100.9"),
)
RULES = Rules(
    Domains([DOMAIN]),
    stage=Stage.REFUSE,
    scanners={"clean": Scanner("clean", ("clean.example",))},
    own=frozenset((SERVER,)),
    client_told=True,
)


def seal(
    rules: Rules = RULES, door: FrontDoor = DOOR, now: float = 0.0
) -> Sealed | LeftOut | Unsure:
    return Sealing(rules, SERVER, now).seal(DOMAIN, door)


def decided(world: World, client: Address) -> Decision:
    """What the rule says of a client without a name."""
    nameless = ConfirmedNames(Known.ABSENT)
    arrival = Arrival(client, SERVER, "", "", f"x@{DOMAIN}", names=nameless)
    return policy.decide(arrival, world.door, world.rules, world.now)


@st.composite
def fronted(draw: st.DrawFn) -> World:
    """Domains with a scanner in front, mostly, at any stage, with clients trusted by address."""
    world = draw(welcome_worlds() | strict_worlds())
    by_address = tuple(t for t in world.rules.trust if t.network is not None and not t.senders)
    trust = draw(st.sampled_from([world.rules.trust, by_address]))
    door = replace(world.door, missing=(), held=Networks())
    stage = draw(st.sampled_from(Stage))
    rules = replace(world.rules, stage=stage, trust=trust, client_told=True)
    return replace(world, door=draw(st.sampled_from([door, door, world.door])), rules=rules)


@given(fronted(), st.sampled_from(ADDRESSES))
def test_the_networks_are_those_that_pass_and_all_others_meet_the_verdict(
    world: World, other: Address
) -> None:
    found = seal(world.rules, world.door, world.now)
    assume(isinstance(found, Sealed))
    assert isinstance(found, Sealed)
    for net in (*found.welcome, *found.trusted):
        for client in (net.network_address, net.broadcast_address):
            assert decided(world, client).action is Action.PASS
    if other in found.welcome or other in found.trusted:
        return
    decision = decided(world, other)
    at_most = Sealing(world.rules, SERVER, world.now).at_most(DOMAIN)
    assert list(Verdict).index(found.verdict) <= list(Verdict).index(at_most)
    match found.verdict:
        case Verdict.WARN:
            assert decision.stage is Stage.OBSERVE
            assert (decision.action, decision.would != Action.PASS) == (Action.PASS, True)
        case Verdict.DEFER:
            assert decision.action in (Action.DEFER, Action.REROUTE)
        case Verdict.DENY:
            assert decision.action is Action.REFUSE


@given(worlds, st.sampled_from(ADDRESSES))
def test_who_is_left_out_is_not_shut_by_the_rule_either_or_is_named(
    world: World, client: Address
) -> None:
    """The mail server knows who its clients are."""
    world = replace(world, rules=replace(world.rules, client_told=True))
    found = seal(world.rules, world.door, world.now)
    if isinstance(found, LeftOut) and "trusted" not in found.why and not world.door.held:
        assert decided(world, client).action is Action.PASS


@pytest.mark.parametrize(
    ("stage", "verdict"),
    [
        (Stage.OBSERVE, Verdict.WARN),
        (Stage.DEFER, Verdict.DEFER),
        (Stage.REFUSE, Verdict.DENY),
        (Stage.REROUTE, Verdict.DEFER),
    ],
)
def test_a_stage_is_a_verdict(stage: Stage, verdict: Verdict) -> None:
    found = seal(replace(RULES, stage=stage))
    assert isinstance(found, Sealed)
    assert (found.verdict, found.scanners) == (verdict, ("clean",))
    assert Sealing(replace(RULES, stage=stage), SERVER, 0.0).at_most(DOMAIN) is verdict
    assert found.welcome == Networks.of("198.51.100.1", "203.0.113.0/28", "198.51.100.9")


@pytest.mark.parametrize(
    "door",
    [
        NOT_ASKED,
        FrontDoor(Known.FAILED, missing=(Question(Kind.MX, DOMAIN),)),
        replace(DOOR, missing=(Question(Kind.A, "mx1.clean.example"),)),
        replace(DOOR, held=Networks.of("192.0.2.0/24")),
    ],
)
def test_what_is_not_known_whole_is_unsure(door: FrontDoor) -> None:
    assert isinstance(seal(door=door), Unsure)


@pytest.mark.parametrize("odd", ["240.0.0.1", "100::1"])
def test_the_owner_of_a_domain_cannot_make_a_stranger_its_front_door(odd: str) -> None:
    """Its MX may name any address; what is done with all others is what the rule does."""
    hosts = (*DOOR.exchanges, Exchange(20, "odd.example", (address(odd),)))
    found = seal(door=replace(DOOR, exchanges=hosts))
    assert isinstance(found, Sealed)
    assert found.verdict is Verdict.DENY
    alone = seal(door=FrontDoor(Known.FOUND, hosts[1:]))
    assert alone == LeftOut(DOMAIN, "nothing stands in front (no-scanner)")


@pytest.mark.parametrize("zone", ["eth0", "x\n0.0.0.0", "}\nflush\truleset\n#"])
def test_the_zone_of_a_network_never_comes_in(zone: str) -> None:
    """An SPF record, or an address, may have any text in its place; a trusted network has none."""
    networks = spf.read([f"v=spf1 ip6:2001:db8::%{zone}/32 -all"], "clean.example").networks
    hosts = (*DOOR.exchanges, Exchange(20, "mx2.example", (address(f"2001:db8::1%{zone}"),)))
    door = replace(DOOR, exchanges=hosts, egress=Networks(networks), former=Networks())
    found = seal(door=door)
    assert isinstance(found, Sealed)
    assert {str(net) for net in found.welcome} == {"198.51.100.1/32", "2001:db8::1/128"}
    with pytest.raises(ValueError, match="has a zone"):
        network(f"fe80::%{zone}/64")


def test_what_needs_no_rule_is_left_out() -> None:
    own = replace(DOOR, exchanges=(Exchange(1, "mail.example", (SERVER,)),))
    unknown = replace(DOOR, exchanges=(Exchange(1, "mx.example", (address("192.0.2.1"),)),))
    assert seal(door=own) == LeftOut(
        DOMAIN, "nothing stands in front (own)", own=frozenset((SERVER,))
    )
    assert seal(door=unknown) == LeftOut(DOMAIN, "nothing stands in front (no-scanner)")
    assert seal(door=FrontDoor(Known.ABSENT)) == LeftOut(
        DOMAIN, "nothing stands in front (no-front-door)", empty=True
    )
    assert seal(replace(RULES, inventory=Domains(["other.example"]))) == LeftOut(
        DOMAIN, "it is not in the inventory"
    )


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        (Trust("anna", "a", name="gw.example"), "by its name gw.example (mxward.toml:3)"),
        (Trust("anna", "a", certificate="gw.example"), "by its certificate gw.example"),
        (Trust("anna", "a", network("192.0.2.7"), senders=Domains(["a.example"])), "some senders"),
    ],
)
def test_a_client_that_no_file_knows_leaves_the_domain_out(trust: Trust, why: str) -> None:
    trust = replace(trust, place="mxward.toml:3")
    found = seal(replace(RULES, trust=(trust,)))
    assert isinstance(found, LeftOut)
    assert why in found.why
    assert "mxward policyd" in found.why
    elsewhere = replace(trust, recipients=Domains(["other.example"]))
    assert isinstance(seal(replace(RULES, trust=(elsewhere,))), Sealed)


def test_trust_counts_where_it_speaks_and_while_it_lasts() -> None:
    mine = Trust("anna", "a", network("192.0.2.7"), recipients=Domains([DOMAIN]), expires=10.0)
    other = replace(mine, network=network("192.0.2.8"), recipients=Domains(["b.example"]))
    rules = replace(RULES, trust=(mine, other))
    found, later = seal(rules, now=9.0), seal(rules, now=10.0)
    assert isinstance(found, Sealed)
    assert isinstance(later, Sealed)
    assert (found.trusted, later.trusted) == (Networks.of("192.0.2.7"), Networks())


def test_where_everybody_is_trusted_there_is_nothing_to_shut() -> None:
    trust = tuple(Trust("anna", "a", network(net)) for net in ("0.0.0.0/0", "::/0"))
    assert seal(replace(RULES, trust=trust)) == LeftOut(DOMAIN, "everybody is trusted")
    assert isinstance(seal(replace(RULES, trust=trust[:1])), Sealed)


def test_domains_behind_one_door_share_its_networks() -> None:
    sealing = Sealing(RULES, SERVER, 0.0)
    one, two = (sealing.seal(DOMAIN, DOOR) for _ in range(2))
    assert isinstance(one, Sealed)
    assert isinstance(two, Sealed)
    assert one.welcome is two.welcome
