"""The rule folded, asked and joined back says of every row what the rule itself says of it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains
from mxward.lookup.past import Then
from mxward.model import (
    NOT_ASKED,
    Arrival,
    ConfirmedNames,
    Decision,
    Exchange,
    FrontDoor,
    Known,
    Rules,
    Scanner,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, address, network
from mxward.reports.deciding import judge, under
from mxward.reports.duck import DuckEngine
from tests import policy_worlds
from tests.reports.arrivals import row, write

SERVER = address("192.0.2.25")
DOOR = FrontDoor(
    Known.FOUND,
    (Exchange(10, "mx1.clean.example", (address("198.51.100.7"),), "clean"),),
    Networks.of("62.4.5.0/24"),
)
RULES = Rules(
    Domains(["it.co.za"]),
    scanners={"clean": Scanner("clean", ("clean.example",))},
    own=frozenset([SERVER]),
    client_told=True,
)


@dataclass
class Told:
    """Facts as a test tells them; everything is known at once, or has to be waited for."""

    doors: dict[str, FrontDoor] = field(default_factory=dict)
    confirmed: dict[Address, ConfirmedNames] = field(default_factory=dict)
    at_once: bool = True
    then: dict[str, list[Then]] = field(default_factory=dict)

    def doors_then(
        self, domains: Collection[str], first: float, last: float
    ) -> Mapping[str, list[Then]]:
        return {domain: then for domain, then in self.then.items() if domain in domains}

    def known_door(self, domain: str) -> FrontDoor | None:
        return self.doors.get(domain, DOOR) if self.at_once else None

    async def front_door(self, domain: str) -> FrontDoor:
        return self.doors.get(domain, DOOR)

    async def names(self, client: Address) -> ConfirmedNames:
        return self.confirmed.get(client, ConfirmedNames(Known.ABSENT))


def judged(rows: list[dict[str, Any]], rules: Rules, facts: Told) -> dict[str, tuple[str, ...]]:
    """What is said of each message."""
    with tempfile.TemporaryDirectory() as name:
        engine = DuckEngine([write(Path(name), rows)])
        judge(engine, rules, facts, SERVER)
        sql = "SELECT message, domain, door, action, reason FROM judged"
        told = engine._connection.sql(sql).fetchall()
        engine.close()
    return {message: tuple(said) for message, *said in told}


def said(decision: Decision) -> tuple[str, ...]:
    return (decision.evidence.domain, decision.door, decision.action, decision.reason)


@st.composite
def logged(draw: st.DrawFn) -> tuple[dict[str, Any], Arrival, float]:
    """A row, and the arrival it tells of. A log knows one name at most, and no certificates."""
    arrival = draw(policy_worlds.arrivals)
    name = draw(st.sampled_from([None, "", *policy_worlds.NAMES]))
    names = ConfirmedNames()
    if name is not None:
        names = ConfirmedNames(Known.FOUND, (name,)) if name else ConfirmedNames(Known.ABSENT)
    at = draw(st.integers(0, 10))
    told_where = draw(st.booleans())
    logged_row = row(
        str(arrival.client),
        arrival.recipient,
        arrived_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at),
        sender=arrival.sender,
        name=name,
        authenticated=arrival.authenticated or draw(st.sampled_from([None, ""])),
        interface=str(arrival.server) if told_where else None,
    )
    server = arrival.server if told_where else SERVER
    return logged_row, replace(arrival, server=server, names=names, certificates=()), float(at)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(logged(), min_size=1, max_size=12),
    policy_worlds.rules,
    st.lists(policy_worlds.doors, min_size=1, max_size=3),
    policy_worlds.names,
    st.booleans(),
)
def test_every_row_is_told_what_the_rule_says_of_it(
    told: list[tuple[dict[str, Any], Arrival, float]],
    rules: Rules,
    doors: list[FrontDoor],
    confirmed: ConfirmedNames,
    at_once: bool,
) -> None:
    places = dict(zip(policy_worlds.DOMAINS, doors, strict=False))
    clients = {arrival.client: confirmed for _, arrival, _ in told}
    facts = Told(places, clients, at_once)
    expected = {}
    for logged_row, arrival, at in told:
        needs = policy.needs(arrival, rules)
        door = places.get(needs.front_door, DOOR) if needs.front_door else NOT_ASKED
        if needs.names and arrival.names.state is Known.NOT_ASKED:
            arrival = replace(arrival, names=confirmed)
        expected[logged_row["message"]] = said(policy.decide(arrival, door, rules, at))
    assert judged([logged_row for logged_row, _, _ in told], rules, facts) == expected


def test_who_has_authenticated_is_asked_about_once() -> None:
    rows = [row(f"203.0.113.{n}", f"a@far{n}.example", authenticated="anna") for n in range(9)]
    with tempfile.TemporaryDirectory() as name:
        engine = DuckEngine([write(Path(name), rows)])
        assert judge(engine, RULES, Told(), SERVER).keys == 1
        engine.close()


def test_what_is_not_told_of_is_left_out() -> None:
    """Local mail has come by no door; nor has what was rejected, nor a message for nobody known."""
    rows = [row(None), row(outcome="rejected"), row(recipient=None)]
    assert judged(rows, RULES, Told()) == {}


def test_trust_that_ends_in_the_middle_of_the_log() -> None:
    ends = datetime(2026, 11, 2, tzinfo=UTC)
    trust = Trust("anna", "n", network("203.0.113.9/32"), expires=ends.timestamp())
    rules = under(Stage.REFUSE, replace(RULES, trust=(trust,)))
    instants = [ends - timedelta(microseconds=1), ends]
    rows = [row(message=str(n), arrived_at=at) for n, at in enumerate(instants)]
    told = judged(rows, rules, Told())
    assert [told[str(n)][2:] for n in range(2)] == [("pass", "trusted"), ("refuse", "back-door")]


def test_trust_for_some_senders() -> None:
    trust = Trust("anna", "n", network("203.0.113.9/32"), senders=Domains(["friend.example"]))
    rules = under(Stage.REFUSE, replace(RULES, trust=(trust,)))
    senders = ["a@friend.example", "a@worm.example", ""]
    rows = [row(message=sender, sender=sender) for sender in senders]
    told = judged(rows, rules, Told())
    assert [told[sender][3] for sender in senders] == ["trusted", "back-door", "back-door"]


def test_trust_by_name() -> None:
    """The log's own word for the name goes before the DNS's of today; where it has none, that."""
    trust = Trust("anna", "n", name="gw.branch.example")
    rules = under(Stage.REFUSE, replace(RULES, trust=(trust,)))
    confirmed = ConfirmedNames(Known.FOUND, ("gw.branch.example",))
    facts = Told(confirmed={address("203.0.113.9"): confirmed})
    names = {"told": "gw.branch.example", "another": "x.example", "none": "", "not asked": None}
    rows = [row(message=message, name=name) for message, name in names.items()]
    told = judged(rows, rules, facts)
    assert {message: told[message][3] for message in names} == {
        "told": "trusted",
        "another": "back-door",
        "none": "back-door",
        "not asked": "trusted",
    }


def test_what_if_is_one_stage_for_all() -> None:
    rules = under(Stage.DEFER, replace(RULES, stages={"it.co.za": Stage.OBSERVE}))
    assert judged([row(message="m")], rules, Told()) == {
        "m": ("it.co.za", "back", "defer", "back-door")
    }


def test_progress_counts_what_had_to_be_waited_for() -> None:
    heard = []
    rows = [row(recipient=f"a@d{n}.example") for n in range(3)]
    rules = replace(RULES, inventory=Domains(f"d{n}.example" for n in range(3)))
    with tempfile.TemporaryDirectory() as name:
        engine = DuckEngine([write(Path(name), rows)])
        judge(engine, rules, Told(at_once=False), SERVER, lambda *told: heard.append(told))
        engine.close()
    assert heard == [(1, 3), (2, 3), (3, 3)]
