"""The laws of the one rule, over worlds by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains, of_recipient
from mxward.model import (
    NOT_ASKED,
    Action,
    ConfirmedNames,
    Decision,
    Evidence,
    Known,
    Reason,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, network
from tests.policy_worlds import (
    ADDRESSES,
    DOMAINS,
    FAR,
    World,
    hidden,
    names,
    places,
    rerouting_worlds,
    strict_worlds,
    trusts,
    welcome_worlds,
    widened,
    worlds,
)

any_world = worlds | strict_worlds()


def ours(world: World) -> str:
    """The recipient's domain where it is in the inventory, else ""."""
    domain = of_recipient(world.arrival.recipient)
    return domain if domain in world.rules.inventory else ""


def without_evidence(decision: Decision) -> Decision:
    return replace(decision, evidence=Evidence())


@given(any_world, st.integers(0, 5), st.sampled_from(["network", "name", "certificate"]))
def test_an_expired_trust_passes_nobody(world: World, ago: int, by: str) -> None:
    expired = Trust("anna", "printer", network(str(world.arrival.client)), expires=world.now - ago)
    arrival = world.arrival
    if by == "name":
        arrival = replace(arrival, names=ConfirmedNames(Known.FOUND, ("gw.branch.example",)))
        expired = replace(expired, network=None, name="gw.branch.example")
    elif by == "certificate":
        arrival = replace(arrival, certificates=("gw.branch.example",))
        expired = replace(expired, network=None, certificate="gw.branch.example")
    world = replace(world, arrival=arrival)
    rules = replace(world.rules, trust=(expired, *world.rules.trust))
    assert replace(world, rules=rules).decide() == world.decide()


@given(any_world, st.lists(trusts, max_size=2))
def test_trust_only_ever_opens(world: World, more: list[Trust]) -> None:
    rules = replace(world.rules, trust=(*world.rules.trust, *more))
    before, after = world.decide(), replace(world, rules=rules).decide()
    # A name that could not be confirmed leaves it open.
    assert after.action in (before.action, Action.PASS, Action.DEFER)
    assert after.action is Action.PASS or before.action is not Action.PASS


@given(any_world, st.text() | st.sampled_from(["it.co.za", "mx1.clean.example", "[192.0.2.25]"]))
def test_helo_changes_nothing(world: World, helo: str) -> None:
    other = replace(world, arrival=replace(world.arrival, helo=helo))
    assert other.decide() == world.decide()


@given(worlds)
def test_an_observed_domain_passes(world: World) -> None:
    decision = world.decide()
    domain = decision.evidence.domain
    if domain in world.rules.inventory and decision.stage is Stage.OBSERVE:
        assert policy.stage_of(domain, world.rules)[0] is Stage.OBSERVE
        assert decision.action is Action.PASS
        assert decision.targets == ()


@given(worlds)
def test_where_all_is_observed_and_the_client_told_nobody_is_stopped(world: World) -> None:
    rules = replace(world.rules, stage=Stage.OBSERVE, stages={}, client_told=True)
    assert replace(world, rules=rules).decide().action is Action.PASS


@given(any_world)
def test_would_is_what_is_done_unless_it_is_observed(world: World) -> None:
    decision = world.decide()
    if decision.stage is Stage.OBSERVE and decision.evidence.domain in world.rules.inventory:
        assert (decision.action, decision.targets) == (Action.PASS, ())
    elif decision.stage is not Stage.OBSERVE:
        assert decision.would is decision.action


@given(any_world)
def test_enforcing_does_what_would_said(world: World) -> None:
    rules = replace(world.rules, stage=Stage.OBSERVE, stages={})
    enforcing = replace(rules, stage=rules.rehearsed)
    observed = replace(world, rules=rules).decide()
    assert replace(world, rules=enforcing).decide().action is observed.would


@given(
    welcome_worlds() | any_world,
    st.lists(st.tuples(places, st.sampled_from(ADDRESSES)), min_size=1, max_size=4),
)
def test_more_addresses_stop_nobody(world: World, more: list[tuple[str, Address]]) -> None:
    door = world.door
    for where, member in more:
        door = widened(door, where, member)
    before, after = world.decide(), replace(world, door=door).decide()
    if before.action is Action.PASS:
        assert after.action is Action.PASS
    if before.would is Action.PASS:
        assert after.would is Action.PASS


@given(any_world, st.sampled_from([f"x@{name}" for name in FAR]) | hidden)
def test_what_is_not_ours_is_never_rerouted(world: World, recipient: str) -> None:
    world = world.to(recipient)
    assume(not ours(world))
    decision = world.decide()
    assert decision.action is not Action.REROUTE
    assert decision.would is not Action.REROUTE
    assert decision.targets == ()


_NEVER_V4 = "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4"
_NEVER_V6 = "::/96", "64:ff9b::/96", "2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"
NEVER = Networks.of(*_NEVER_V4, *_NEVER_V6)


@given(rerouting_worlds())
def test_rerouted_only_to_a_declared_scanner(world: World) -> None:
    decision = world.decide()
    assert bool(decision.targets) is (decision.action is Action.REROUTE)
    for target in decision.targets:
        scanner = world.rules.scanners[target.scanner or ""]
        original = next(x for x in world.door.exchanges if x.name == target.name)
        assert original.scanner == scanner.name
        assert set(target.addresses) <= set(original.addresses)
        for member in target.addresses:
            declared = member in scanner.addresses or member in scanner.egress
            assert declared or not (member in NEVER or member in world.rules.own)
    preferences = [target.preference for target in decision.targets]
    assert preferences == sorted(preferences)


@given(any_world, st.sampled_from(FAR), hidden)
def test_where_the_client_is_not_told_nothing_is_relayed(
    world: World, domain: str, recipient: str
) -> None:
    rules = replace(world.rules, client_told=False)
    for mailbox in (f"x@{domain}", recipient):
        stranger = replace(world.to(mailbox), rules=rules)
        assume(not ours(stranger))
        authenticated = bool(stranger.arrival.authenticated)
        assert (stranger.decide().action is Action.PASS) is authenticated
        assert authenticated or stranger.decide().reason is Reason.RELAY


@given(any_world, names, st.data())
def test_what_is_not_needed_changes_nothing(
    world: World, confirmed: ConfirmedNames, data: st.DataObject
) -> None:
    needs = policy.needs(world.arrival, world.rules)
    assert needs.front_door is None or needs.front_door in world.rules.inventory
    known = world
    if needs.front_door is None:
        known = replace(known, door=NOT_ASKED)
    if not needs.names:
        known = replace(known, arrival=replace(known.arrival, names=confirmed))
    assert without_evidence(known.decide()) == without_evidence(world.decide())


HOSTILE = [*'@%!:"\\.<>()[],; \t\r\n\0', "\ud800", "\u00df", "\u200d", "\u3002", "\U0001f4a9"]
HOSTILE += ["xn--", "it.co.za", "@[", "postmaster", "\u0130", "a" * 10_000, "\u00e9" * 300]
hostile = st.lists(st.sampled_from(HOSTILE) | st.characters(), max_size=12).map("".join)


@given(any_world, hostile, hostile, hostile)
def test_no_text_raises(world: World, recipient: str, sender: str, helo: str) -> None:
    arrival = replace(world.arrival, recipient=recipient, sender=sender, helo=helo)
    assert policy.needs(arrival, world.rules).front_door in (None, of_recipient(recipient))
    decision = replace(world, arrival=arrival).decide()
    assert decision.action is not Action.REROUTE or decision.evidence.domain


# -- spelling -----------------------------------------------------------------------------------

SHOWN = {
    "xn--bcher-kva.example": "b\u00fccher.example",
    "xn--pxavbq.xn--fiqs8s": "\u03bf\u03b4\u03bf\u03c3.\u4e2d\u56fd",
}
FULLWIDTH = {ord("a") + i: 0xFF41 + i for i in range(26)}
SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    str.title,
    lambda name: name + ".",
    lambda name: SHOWN.get(name, name),
    lambda name: SHOWN.get(name, name).upper(),
    lambda name: name.translate(FULLWIDTH),
    lambda name: name.replace(".", "\u3002"),
    lambda name: name.replace(".", "\uff0e") + "\uff61",
    lambda name: name[:1] + "\u00ad" + name[1:],
    lambda name: name[:1] + "\u200b" + name[1:],
]


@given(any_world, st.sampled_from(DOMAINS), st.sampled_from(SPELLINGS))
def test_the_spelling_of_a_recipient_changes_nothing(
    world: World, domain: str, spelled: Callable[[str], str]
) -> None:
    assert world.to(f"x@{spelled(domain)}").decide() == world.to(f"x@{domain}").decide()
    sender = replace(world.arrival, sender=f"x@{domain}")
    other = replace(world.arrival, sender=f"x@{spelled(domain)}")
    assert replace(world, arrival=sender).decide() == replace(world, arrival=other).decide()


@given(any_world, st.lists(st.sampled_from(SPELLINGS), min_size=len(DOMAINS)))
def test_the_spelling_of_the_inventory_changes_nothing(
    world: World, spelled: list[Callable[[str], str]]
) -> None:
    entries = [spelling(name) for name, spelling in zip(DOMAINS, spelled, strict=False)]
    plain = replace(world, rules=replace(world.rules, inventory=Domains(DOMAINS)))
    other = replace(world, rules=replace(world.rules, inventory=Domains(entries)))
    assert plain.decide() == other.decide()
