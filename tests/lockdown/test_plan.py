"""The plan: DNS never opens or shuts a door by failing, nor does an inventory by shrinking."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mxward.domains import Domains
from mxward.lockdown.groups import grouped
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.plan import Kept, plan
from mxward.lockdown.sealing import LeftOut, Sealed, Unsure, Verdict
from mxward.networks import Networks

NETS = ("198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4", "198.51.100.5")
NONE = Ledger()


def sealed(domain: str, *welcome: str, scanner: str = "clean") -> Sealed:
    nets = Networks.of(*(welcome or NETS))
    return Sealed(domain, Verdict.DENY, (scanner,), ("mx.example",), nets, Networks())


def before(*domains: str) -> Ledger:
    return Ledger(grouped(map(sealed, domains or ("a.example",))))


def test_what_is_known_is_written() -> None:
    out = LeftOut("b.example", "own")
    found = plan([sealed("a.example"), out], NONE)
    assert found.verdicts == {"a.example": Verdict.DENY}
    assert (found.left_out, found.kept) == ((out,), ())


def test_a_front_door_that_is_not_known_keeps_the_rule_it_had() -> None:
    unsure = Unsure("a.example", "it cannot be looked up")
    found = plan([unsure], before())
    assert found.groups == before().groups
    assert found.kept == (Kept("a.example", "it cannot be looked up", True),)
    assert plan([unsure], before(), accepts=True).kept == found.kept


def test_or_has_none_where_it_had_none() -> None:
    found = plan([Unsure("a.example", "why")], NONE)
    assert (found.groups, found.kept) == ((), (Kept("a.example", "why", False),))


def test_a_front_door_that_shrank_by_more_than_half_waits() -> None:
    less = sealed("a.example", *NETS[:2])
    found = plan([less], before())
    assert found.groups == before().groups
    assert found.kept == (Kept("a.example", "its front door shrank by more than half", True),)
    accepted = plan([less], before(), accepts=True)
    assert (accepted.groups, accepted.kept) == (grouped([less]), ())
    enough = sealed("a.example", *NETS[:3])
    assert plan([enough], before()).groups == grouped([enough])


def test_where_it_waits_the_operators_word_counts_all_the_same() -> None:
    """Mail that is refused by mistake must not go on being refused."""
    trusted = Networks.of("192.0.2.7")
    less = replace(sealed("a.example", NETS[0]), verdict=Verdict.WARN, trusted=trusted)
    found = plan([less], before(), at_most=lambda _: Verdict.WARN)
    [kept] = found.groups
    assert (kept.domains, kept.trusted) == ({"a.example": Verdict.WARN}, tuple(trusted))
    assert kept.welcome == before().groups[0].welcome
    assert [each.domain for each in found.kept] == ["a.example"]


VERDICTS = st.sampled_from(Verdict)
TROUBLES = [
    Unsure("a.example", "it cannot be looked up"),
    LeftOut("a.example", "nothing stands in front", empty=True),
    Sealed("a.example", Verdict.DENY, ("clean",), (), Networks.of(NETS[0]), Networks()),
    None,  # gone from the inventory, as is all else
]


@given(VERDICTS, VERDICTS, st.sampled_from(TROUBLES))
def test_what_is_kept_gets_milder_by_the_operators_word_and_never_sharper(
    had: Verdict, at_most: Verdict, trouble: Sealed | Unsure | LeftOut | None
) -> None:
    [group] = grouped([replace(sealed("a.example"), verdict=had)])
    found = plan([trouble] if trouble else [], Ledger((group,)), at_most=lambda _: at_most)
    milder = list(Verdict)[min(list(Verdict).index(each) for each in (had, at_most))]
    assert found.groups == (replace(group, domains={"a.example": milder}),)
    assert [each.domain for each in found.kept] == ["a.example"]


NAMES = st.sets(st.sampled_from([f"{letter}.example" for letter in "abcdef"]))


@given(NAMES, NAMES)
def test_what_was_not_asked_about_stays_as_it_was(inventory: set[str], asked: set[str]) -> None:
    """Without a word; and only what the inventory has lost can be too much."""
    was = before("a.example", "b.example", "c.example", "d.example")
    new = [sealed(name, "192.0.2.1", scanner="wash") for name in sorted(asked & inventory)]
    out = [LeftOut(name, "it is not in the inventory") for name in sorted(asked - inventory)]
    found = plan([*new, *out], was, at_most=lambda _: Verdict.WARN, others=Domains(inventory))
    rules = {domain: group for group in found.groups for domain in group.domains}
    others = was.of_domain.keys() - asked
    for domain in others & inventory:
        assert rules[domain].welcome == was.of_domain[domain].welcome
        assert found.verdicts[domain] is Verdict.DENY
    for each in new:
        assert rules[each.domain].welcome == tuple(each.welcome)
    lost = sorted(others - inventory)
    keeps = lost if len(lost) > 2 else []
    assert [each.domain for each in found.kept] == keeps
    assert rules.keys() == (others & inventory) | (asked & inventory) | set(keeps)


def test_where_those_named_are_all_it_says_so() -> None:
    [one, _, _] = plan([], before("a", "b", "c"), listed="named").kept
    assert one == Kept("a", "it is not named any more, nor are most of the others", True)


def test_another_scanner_is_news() -> None:
    other = sealed("a.example", NETS[0], scanner="wash")
    assert plan([other], before()).groups == grouped([other])


def test_a_front_door_that_is_gone_waits_and_one_that_is_open_by_word_does_not() -> None:
    gone = LeftOut("a.example", "nothing stands in front", empty=True)
    found = plan([gone], before())
    assert found.groups == before().groups
    assert found.kept == (Kept("a.example", "it has no front door any more", True),)
    assert plan([gone], before(), accepts=True).groups == ()
    assert plan([LeftOut("a.example", "own")], before()).groups == ()


def test_an_inventory_that_lost_more_than_half_keeps_all_rules() -> None:
    was = before("a.example", "b.example", "c.example")
    found = plan([sealed("a.example")], was)
    assert found.groups == was.groups
    assert [kept.domain for kept in found.kept] == ["b.example", "c.example"]
    assert plan([sealed("a.example")], was, accepts=True).groups == before().groups
    most = [sealed("a.example"), sealed("b.example")]
    assert list(plan(most, was).verdicts) == ["a.example", "b.example"]


def test_an_inventory_of_which_half_is_left_is_believed() -> None:
    was = before("a.example", "b.example")
    found = plan([sealed("a.example")], was)
    assert (list(found.verdicts), found.kept) == (["a.example"], ())
