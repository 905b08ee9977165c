"""DNS never opens or shuts a door by failing: worlds whose front doors come out of look-ups."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mxward import policy
from mxward.domains import Domains
from mxward.frontdoor.egress import Egress
from mxward.frontdoor.hosts import questions
from mxward.frontdoor.merge import assemble, exchanges, see
from mxward.model import (
    Action,
    Arrival,
    ConfirmedNames,
    Decision,
    Kind,
    Known,
    Question,
    Remembered,
    Rules,
    Scanner,
    Stage,
    Trust,
)
from mxward.networks import Address, Networks, address

MANY = settings(max_examples=10 * settings().max_examples)  # it is rare that things meet

DOMAIN = "it.co.za"
MX = Question(Kind.MX, DOMAIN)
SPF = Question(Kind.TXT, "spf.clean.example")
NAMED = Trust("anna", "branch office", name="gw.branch.example")


@dataclass(frozen=True, slots=True)
class Internet:
    """What the DNS says of a domain, its client and its scanners, when all of it answers."""

    facts: Mapping[Question, Remembered]
    spf: Networks
    held: Networks
    arrival: Arrival
    rules: Rules

    @property
    def asked(self) -> list[Question]:
        """What is looked up; of hosts that are its MX no more, memory tells."""
        hosts = [host for _, host in exchanges(DOMAIN, self.facts[MX])]
        pointer = Question(Kind.PTR, self.arrival.client.reverse_pointer)
        return [MX, SPF, pointer, *(question for host in hosts for question in questions(host))]

    def decide(self, failing: Set[Question] = frozenset()) -> Decision:
        facts = {question: fact for question, fact in self.facts.items() if question not in failing}
        door = assemble(
            see(DOMAIN, facts.get, self.rules.scanners, 1.0),
            lambda name: self._egress_of(self.rules.scanners[name], failing),
            1.0,
        )
        names = ConfirmedNames(Known.FOUND, ("gw.branch.example",))
        if any(question.kind is Kind.PTR for question in failing):
            names = ConfirmedNames(Known.FAILED)
        return policy.decide(replace(self.arrival, names=names), door, self.rules, 1.0)

    def _egress_of(self, scanner: Scanner, failing: Set[Question]) -> Egress:
        if SPF.name not in scanner.spf:
            return Egress(scanner.egress)
        if SPF in failing:
            return Egress(scanner.egress, missing=(SPF,))
        return Egress(scanner.egress | self.spf, held=self.held)


OWN = "192.0.2.25", "2001:db8::25"
STRANGER, MX_HOST, EGRESS = "4.3.90.120", "62.4.5.6", "198.51.100.7"
SHIELD = Networks.of("10.0.0.0/24")
VALUES: dict[int, list[tuple[str, ...]]] = {
    4: [(), (), (MX_HOST,), (MX_HOST,), ("10.0.0.5",), (OWN[0],)],
    6: [(), (), ("2a00:1::25",), ("2a00:1::25",), (OWN[1],)],
}
EXCHANGES: list[tuple[str, ...]] = [
    *[("10 mx1.clean.example",)] * 4,
    ("10 mx1.clean.example", "20 mx2.clean.example"),
    ("10 mx1.clean.example", "20 mx.it.co.za"),
    ("10 mx.shield.example", "20 mx1.clean.example"),
    ("10 mx.it.co.za",),
    ("0 .",),
    (),
]


def remembered(values: tuple[str, ...], canonical: str, *former: str) -> Remembered:
    state = Known.FOUND if values else Known.ABSENT
    gone = tuple((value, 0.0) for value in former if value not in values)
    return Remembered(state, values, canonical if values else "", 0.0, 1e9, gone)


@st.composite
def facts(draw: st.DrawFn) -> dict[Question, Remembered]:
    values = draw(st.sampled_from(EXCHANGES))
    former = draw(st.sampled_from([(), (), ("10 mx.shield.example",)]))
    known = {MX: remembered(values, "", *former)}
    for name in {value.split()[1] for value in (*values, *former, f"0 {DOMAIN}")}:
        canonical = draw(st.sampled_from(["", "", "", "edge.clean.example"]))
        for question, family in zip(questions(name), VALUES, strict=True):
            known[question] = remembered(draw(st.sampled_from(VALUES[family])), canonical)
    return known


@st.composite
def internets(draw: st.DrawFn) -> Internet:
    client = draw(st.sampled_from([STRANGER, STRANGER, MX_HOST, EGRESS, "2a00:1::26"]))
    own = frozenset(map(address, draw(st.sampled_from([OWN[:1], OWN[:1], OWN]))))
    shield = draw(st.sampled_from([SHIELD, SHIELD | Networks.of("2a00:1::/64")]))
    scanners = {
        "clean": Scanner(
            "clean", ("clean.example",), spf=(SPF.name,), certificates=("out.c.example",)
        ),
        "shield": Scanner("shield", ("shield.example",), shield, Networks.of(MX_HOST)),
    }
    rules = Rules(
        inventory=Domains([DOMAIN]),
        stage=draw(st.sampled_from([Stage.DEFER, Stage.REFUSE, Stage.REROUTE])),
        trust=draw(st.sampled_from([(), (), (), (NAMED,)])),
        scanners=scanners,
        own=own,
        client_told=True,
    )
    spf, held = draw(
        st.permutations([Networks.of("198.51.100.0/24"), Networks.of("4.3.0.0/16"), Networks()])
    )[:2]
    shown = draw(st.sampled_from([(), (), ("out.c.example",)]))
    arrival = Arrival(
        address(client), address(OWN[0]), "", "", f"shaun@{DOMAIN}", certificates=shown
    )
    return Internet(draw(facts()), spf, held, arrival, rules)


def addresses(decision: Decision) -> set[Address]:
    return {member for target in decision.targets for member in target.addresses}


@MANY
@given(internets(), st.data())
def test_a_failed_look_up_defers_or_changes_nothing(
    internet: Internet, data: st.DataObject
) -> None:
    failing = data.draw(st.sets(st.sampled_from(internet.asked), min_size=1, max_size=2), "failing")
    certain, unsure = internet.decide(), internet.decide(failing)
    assert unsure.action in (certain.action, Action.DEFER)
    assert addresses(unsure) <= addresses(certain)


@given(internets())
def test_where_nothing_is_known_nobody_passes(internet: Internet) -> None:
    assert internet.decide({*internet.asked}).action is Action.DEFER
