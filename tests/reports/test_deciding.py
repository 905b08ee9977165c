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
    Source,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, address, network
from mxward.reports.deciding import Asked, Rested, judge, under
from mxward.reports.duck import DuckEngine
from tests import policy_worlds
from tests.reports.arrivals import WHEN, row, write

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

    def at(self, domain: str, at: float) -> FrontDoor:
        """That of a time, in seconds."""
        doors = [then.door for then in self.then.get(domain, ()) if then.since <= at]
        return (doors[-1] if doors else None) or self.doors.get(domain, DOOR)

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


_ITS_OWN = ("exchange", "egress", "former")


def by_any_part(told: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without which part of the front door a client is of: hosts take turns."""
    return {
        message: (*before, "front" if reason in _ITS_OWN else reason)
        for message, (*before, reason) in told.items()
    }


@st.composite
def logged(draw: st.DrawFn) -> tuple[dict[str, Any], Arrival, float]:
    """A row, and the arrival it tells of. A log knows one name at most, and no certificates."""
    arrival = draw(policy_worlds.arrivals)
    name = draw(st.sampled_from([None, "", *policy_worlds.NAMES]))
    names = ConfirmedNames(Known.FOUND, (name,)) if name else ConfirmedNames()
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


@st.composite
def remembered(draw: st.DrawFn) -> dict[str, list[Then]]:
    """Front doors that changed within the ten seconds of these logs, or were not known."""
    found = {}
    for domain in draw(st.lists(st.sampled_from(policy_worlds.DOMAINS), unique=True, max_size=3)):
        times = sorted(draw(st.sets(st.integers(1, 10), max_size=4)))
        doors = st.none() | policy_worlds.doors
        found[domain] = [Then(float(at), draw(doors)) for at in (0, *times)]
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(logged(), min_size=1, max_size=12),
    policy_worlds.rules,
    st.lists(policy_worlds.doors, min_size=1, max_size=3),
    policy_worlds.names,
    st.booleans(),
    remembered(),
)
def test_every_row_is_told_what_the_rule_says_of_it(
    told: list[tuple[dict[str, Any], Arrival, float]],
    rules: Rules,
    doors: list[FrontDoor],
    confirmed: ConfirmedNames,
    at_once: bool,
    then: dict[str, list[Then]],
) -> None:
    places = dict(zip(policy_worlds.DOMAINS, doors, strict=False))
    clients = {arrival.client: confirmed for _, arrival, _ in told}
    facts = Told(places, clients, at_once, then)
    expected = {}
    for logged_row, arrival, at in told:
        needs = policy.needs(arrival, rules)
        door = facts.at(needs.front_door, at) if needs.front_door else NOT_ASKED
        if needs.names and arrival.names.state is Known.NOT_ASKED:
            arrival = replace(arrival, names=confirmed)
        expected[logged_row["message"]] = said(policy.decide(arrival, door, rules, at))
    found = judged([logged_row for logged_row, _, _ in told], rules, facts)
    assert by_any_part(found) == by_any_part(expected)
    if not then:
        assert found == expected


def test_mail_is_judged_by_the_front_door_of_its_time() -> None:
    """Another scanner on the third of the month; of before the first nothing is remembered."""
    moved = replace(DOOR, egress=Networks.of("62.4.6.0/24"))
    first, third = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 3))
    then = {
        "it.co.za": [Then(0, None), Then(first.timestamp(), DOOR), Then(third.timestamp(), moved)]
    }
    second = timedelta(seconds=1)
    times = {"long ago": first - second, "before": third - second, "after": third}
    rows = [
        row(f"62.4.{number}.7", message=f"{which}, {number}", arrived_at=at)
        for which, at in times.items()
        for number in (5, 6)
    ]
    facts = Told({"it.co.za": replace(DOOR, egress=Networks.of("62.4.0.0/16"))}, then=then)
    told = judged(rows, RULES, facts)
    assert {message: door for message, (_, door, *_) in told.items()} == {
        "long ago, 5": "front",
        "long ago, 6": "front",
        "before, 5": "front",
        "before, 6": "back",
        "after, 5": "back",
        "after, 6": "front",
    }


def asked_about(rows: list[dict[str, Any]], rules: Rules, facts: Told) -> Asked:
    with tempfile.TemporaryDirectory() as name:
        engine = DuckEngine([write(Path(name), rows)])
        asked = judge(engine, rules, facts, SERVER)
        engine.close()
    return asked


def test_what_decisions_rested_on_is_counted() -> None:
    domains = [f"d{n}.example" for n in range(4)]
    doors = {
        domains[1]: DOOR,
        domains[2]: replace(DOOR, source=Source.REMEMBERED),
        domains[3]: FrontDoor(Known.FAILED),
    }
    rows = [row(recipient=f"a@{d}") for n, d in enumerate(domains) for _ in range(n + 1)]
    rows += [row(recipient="a@far.example"), row(recipient="a@d0.example", authenticated="anna")]
    facts = Told(doors, then={domains[0]: [Then(0, DOOR)]})
    asked = asked_about(rows, replace(RULES, inventory=Domains(domains)), facts)
    assert asked.rested == {
        Rested.THEN: 1,
        Rested.TODAY: 2,
        Rested.MEMORY: 3,
        Rested.NOTHING: 4,
    }
    assert {domain: len(over) for domain, over in asked.doors.items()} == dict.fromkeys(domains, 1)


def test_hosts_that_take_turns_make_no_more_keys() -> None:
    """As long as all of them are welcome: each was lately what the others are now."""
    pool = [f"198.51.100.{n}" for n in range(7)]

    def turn(number: int) -> FrontDoor:
        host = replace(DOOR.exchanges[0], addresses=(address(pool[number % 7]),))
        return replace(DOOR, exchanges=(host,), former=Networks.of(*pool))

    doors = [Then(WHEN.timestamp() + 3600 * n, turn(n)) for n in range(40)]
    rows = [row(arrived_at=WHEN + timedelta(hours=n)) for n in range(40)]
    assert asked_about(rows, RULES, Told(then={"it.co.za": doors})).keys == 1
    gone = [Then(since, replace(door, former=Networks())) for since, door in doors if door]
    assert asked_about(rows, RULES, Told(then={"it.co.za": gone})).keys == 7


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
    """The log's own word for the name goes before the DNS's of today; where it has none, that: a
    server that found none may just have had no answer.
    """
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
        "none": "trusted",
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
