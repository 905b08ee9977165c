"""What is held back keeps its stage, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward import policy
from mxward.cli import stage_set
from mxward.cli.guard import further
from mxward.cli.senders import Sender, joined
from mxward.cli.stage_set import HELD, covers
from mxward.domains import Domains
from mxward.model import EVERY, Rules, Stage, StageSet, Stored

DOMAINS = ("it.co.za", "mail.it.co.za", "x.co.za", "example.org")
ENTRIES = (*DOMAINS, "*.it.co.za", "*.co.za", EVERY)

entries = st.sampled_from(ENTRIES)
stages = st.sampled_from(Stage)
configured = st.dictionaries(st.sampled_from(ENTRIES[:-1]), stages)
stored = st.dictionaries(entries, st.tuples(stages, st.sampled_from(["", "mine", HELD])))


def rules_of(
    written: dict[str, Stage], default: Stage, said: dict[str, tuple[Stage, str]]
) -> Rules:
    word = Stored((), {what: StageSet(s, 0.0, "anna", note) for what, (s, note) in said.items()})
    return Rules(Domains(DOMAINS), default, written).having(word)


def stage_by(rules: Rules, domain: str) -> Stage:
    return policy.stage_of(domain, rules)[0]


def with_all(rules: Rules, wanted: dict[str, Stage | None]) -> Rules:
    after = {what: found for what, found in rules.stages_set.items() if what not in wanted}
    after |= {what: StageSet(s, 1.0, "anna") for what, s in wanted.items() if s}
    return rules.having(Stored((), after))


@given(
    configured,
    stages,
    stored,
    st.sets(entries, min_size=1),
    stages,
    st.sets(st.sampled_from(DOMAINS)),
)
def test_who_is_held_back_keeps_the_stage_and_all_others_get_theirs(
    written: dict[str, Stage],
    default: Stage,
    said: dict[str, tuple[Stage, str]],
    targets: set[str],
    stage: Stage,
    held: set[str],
) -> None:
    rules = rules_of(written, default, said)
    wanted: dict[str, Stage | None] = dict.fromkeys(targets, stage)
    meant = with_all(rules, wanted)
    notes = stage_set._leave_out(rules, wanted, dict.fromkeys(held, ()))
    after = with_all(rules, wanted)
    for domain in DOMAINS:
        expected = stage_by(rules if domain in held else meant, domain)
        assert stage_by(after, domain) is expected
    assert set(notes) <= held
    assert set(notes) <= set(wanted)


@pytest.mark.parametrize(
    ("entry", "domain", "whether"),
    [
        (EVERY, "it.co.za", True),
        ("it.co.za", "it.co.za", True),
        ("*.co.za", "it.co.za", True),
        ("*.za", "it.co.za", True),
        ("*.it.co.za", "it.co.za", False),
        ("*.it.co.za", "xit.co.za", False),
        ("it.co.za", "mail.it.co.za", False),
    ],
)
def test_what_an_entry_covers(entry: str, domain: str, whether: bool) -> None:
    assert covers(entry, domain) is whether


def test_how_far_a_stage_is_for_honest_mail() -> None:
    order = (Stage.OBSERVE, Stage.REROUTE, Stage.DEFER, Stage.REFUSE)
    for before in order:
        for after in order:
            assert further(before, after) is (order.index(after) > order.index(before))


def sender(client: str, days: int, ways: dict[tuple[str, str], int], last: float = 0.0) -> Sender:
    return Sender(client, (), days, last, ways)


def test_what_two_have_seen_of_a_client_is_counted_once() -> None:
    proxy = [sender("192.0.2.8", 3, {("a.example", "s"): 5, ("b.example", "s"): 1}, 9.0)]
    logs = [
        sender("192.0.2.8", 7, {("a.example", "s"): 4, ("c.example", "s"): 2}, 5.0),
        sender("192.0.2.9", 2, {("a.example", "s"): 1}),
    ]
    found: Sequence[Sender] = joined(proxy, logs)
    assert [(each.client, each.days, each.last_at, each.by_domain()) for each in found] == [
        ("192.0.2.8", 7, 9.0, {"a.example": 5, "c.example": 2, "b.example": 1}),
        ("192.0.2.9", 2, 0.0, {"a.example": 1}),
    ]
