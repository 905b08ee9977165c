"""The laws of client certificates, over worlds by chance."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from mxward import policy
from mxward.model import Action, Reason
from tests.policy_worlds import World, certificates, strict_worlds, worlds

any_world = worlds | strict_worlds()


def shown(world: World, certificates: tuple[str, ...]) -> World:
    return replace(world, arrival=replace(world.arrival, certificates=certificates))


@given(any_world, certificates)
def test_a_certificate_only_ever_opens(world: World, more: tuple[str, ...]) -> None:
    before, after = world.decide(), shown(world, world.arrival.certificates + more).decide()
    assert after.action in (before.action, Action.PASS)
    assert after.would in (before.would, Action.PASS)
    if after.action is not before.action:
        assert after.reason in (Reason.CERTIFICATE, Reason.TRUSTED)


NOBODYS = ("clean.example.org", "example", "", "*.example", "outclean.example", "mx1.clean.exampl")


@given(any_world, st.lists(st.text() | st.sampled_from(NOBODYS), max_size=3).map(tuple))
def test_a_certificate_that_no_entry_names_changes_nothing(
    world: World, names: tuple[str, ...]
) -> None:
    assume(not any(name.endswith((".clean.example", ".shield.example")) for name in names))
    assert shown(world, names).decide() == shown(world, ()).decide()


@given(any_world, certificates)
def test_for_a_certificate_nothing_is_looked_up(world: World, more: tuple[str, ...]) -> None:
    asked = policy.needs(shown(world, more).arrival, world.rules)
    assert asked == policy.needs(shown(world, ()).arrival, world.rules)


@given(strict_worlds())
def test_a_scanners_certificate_opens_the_doors_it_stands_before(world: World) -> None:
    for name in world.rules.scanners:
        scanner = replace(world.rules.scanners[name], certificates=("*.pool.example",))
        rules = replace(world.rules, trust=(), scanners={**world.rules.scanners, name: scanner})
        before = replace(world, rules=rules)
        decision = shown(before, ("out.pool.example",)).decide()
        if name in (*world.door.scanners, *world.door.also):
            assert decision.action is Action.PASS
        else:
            assert decision == shown(before, ()).decide()
