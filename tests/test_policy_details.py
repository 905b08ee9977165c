"""What decisions are made of: stages, limits of trust, needs, evidence, where mail is sent on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxward.domains import Domains
from mxward.model import (
    Action,
    ConfirmedNames,
    Exchange,
    Kind,
    Known,
    Needs,
    Question,
    Reason,
    Scanner,
    Stage,
    Trust,
)
from mxward.networks import Networks, address, network
from mxward.policy import decide, needs, stage_of
from tests.policy_cases import (
    BASE,
    BRANCH,
    CLEAN,
    DOORS,
    MAILBOXES,
    NOW,
    PRIVATE,
    RULES,
    SECOND,
    arrival,
    door,
    exchange,
)


@pytest.mark.parametrize(
    ("domain", "stage", "entry"),
    [
        ("it.co.za", Stage.REROUTE, "it.co.za"),
        ("a.it.co.za", Stage.DEFER, "*.it.co.za"),
        ("b.a.it.co.za", Stage.DEFER, "*.it.co.za"),
        ("x.b.it.co.za", Stage.OBSERVE, "*.b.it.co.za"),
        ("notit.co.za", Stage.REFUSE, "default"),
        ("co.za", Stage.REFUSE, "default"),
    ],
)
def test_the_nearest_stage_counts(domain: str, stage: Stage, entry: str) -> None:
    stages = {
        "it.co.za": Stage.REROUTE,
        "*.it.co.za": Stage.DEFER,
        "*.b.it.co.za": Stage.OBSERVE,
    }
    rules = replace(BASE, stage=Stage.REFUSE, stages=stages)
    assert stage_of(domain, rules) == (stage, entry)


@pytest.mark.parametrize(
    ("client", "recipient", "sender", "trusted"),
    [
        ("4.3.90.5", "shaun@it.co.za", "x@partner.example", True),
        ("4.3.90.5", "shaun@it.co.za", "x@PARTNER.example.", True),
        ("4.3.91.5", "shaun@it.co.za", "x@partner.example", False),
        ("4.3.90.5", "shaun@a.it.co.za", "x@partner.example", False),
        ("4.3.90.5", "shaun@it.co.za", "x@mail.partner.example", False),
        ("4.3.90.5", "shaun@it.co.za", "partner.example", False),
        ("4.3.90.5", "shaun@it.co.za", "", False),
        ("4.3.90.5", "shaun%it.co.za@x.example", "x@partner.example", False),
    ],
)
def test_trust_within_its_limits(client: str, recipient: str, sender: str, trusted: bool) -> None:
    entry = Trust(
        "ben",
        "partner",
        network("4.3.90.0/24"),
        recipients=Domains(["it.co.za"]),
        senders=Domains(["partner.example"]),
        expires=NOW + 1,
    )
    rules = replace(RULES["refuse"], trust=(entry,))
    asked = replace(arrival("stranger", recipient, sender), client=address(client))
    decision = decide(asked, DOORS["scanner"], rules, NOW)
    assert (decision.reason is Reason.TRUSTED) is trusted
    assert decision.evidence.trust == (entry if trusted else None)
    assert decide(asked, DOORS["scanner"], rules, NOW + 1).action is Action.REFUSE


@pytest.mark.parametrize(
    ("wanted", "names", "trusted"),
    [
        ("gw.branch.example", ("gw.branch.example",), True),
        ("gw.branch.example", ("x.example", "gw.branch.example"), True),
        ("gw.branch.example", ("a.gw.branch.example", "agw.branch.example"), False),
        ("*.branch.example", ("a.b.branch.example",), True),
        ("*.branch.example", ("branch.example", "abranch.example"), False),
        ("gw.branch.example", (), False),
    ],
)
def test_trust_by_name(wanted: str, names: tuple[str, ...], trusted: bool) -> None:
    rules = replace(RULES["refuse"], trust=(Trust("ben", "branch", name=wanted),))
    confirmed = ConfirmedNames(Known.FOUND, names)
    asked = replace(arrival("stranger", "shaun@it.co.za"), names=confirmed)
    assert (decide(asked, DOORS["scanner"], rules, NOW).reason is Reason.TRUSTED) is trusted


@pytest.mark.parametrize(
    ("wanted", "shown", "trusted"),
    [
        ("relay.partner.example", ("relay.partner.example",), True),
        ("relay.partner.example", ("pool.example", "relay.partner.example"), True),
        ("relay.partner.example", ("a.relay.partner.example", "partner.example"), False),
        ("*.partner.example", ("a.relay.partner.example",), True),
        ("*.partner.example", ("*.partner.example",), True),  # a wildcard certificate of theirs
        ("*.partner.example", ("partner.example", "apartner.example"), False),
        ("a.partner.example", ("*.partner.example",), False),
        ("*.partner.example", (), False),
    ],
)
def test_trust_by_certificate(wanted: str, shown: tuple[str, ...], trusted: bool) -> None:
    entry = Trust("ben", "partner", certificate=wanted, recipients=Domains(["it.co.za"]))
    rules = replace(RULES["refuse"], trust=(entry,))
    asked = replace(arrival("stranger", "shaun@it.co.za"), certificates=shown)
    decision = decide(asked, DOORS["scanner"], rules, NOW)
    assert (decision.reason is Reason.TRUSTED) is trusted
    assert decision.evidence.trust == (entry if trusted else None)
    elsewhere = replace(asked, recipient="shaun@a.it.co.za")
    assert decide(elsewhere, DOORS["scanner"], rules, NOW).reason is Reason.BACK_DOOR


PRIVATE_TOO = Scanner("clean", mx=("clean.example",), addresses=Networks.of("10.9.9.0/24"))
VANITY = exchange(10, "mx.it.co.za", "62.4.5.6", "10.9.9.9", scanner="clean")


@pytest.mark.parametrize(
    ("scanner", "exchanges", "targets"),
    [
        # in the order of preference, each host with its addresses
        (PRIVATE_TOO, (SECOND, CLEAN), "10 62.4.5.6 2a00:1::25; 20 62.9.9.9"),
        # private, loopback, own, multicast and disguised addresses only where they are declared
        (PRIVATE_TOO, (PRIVATE,), "10 10.9.9.9"),
        (
            PRIVATE_TOO,
            (
                exchange(10, "a.clean.example", "10.8.8.8", "127.0.0.1", scanner="clean"),
                exchange(20, "b.clean.example", "192.168.2.25", "224.0.0.1", scanner="clean"),
                exchange(30, "c.clean.example", "::1", "fe80::1", "fec0::1", scanner="clean"),
                exchange(40, "d.clean.example", "64:ff9b::7f00:1", "::7f00:1", scanner="clean"),
                exchange(50, "e.clean.example", "2002:7f00:1::", "2001::1", scanner="clean"),
                exchange(60, "f.clean.example", "0.0.0.0", "169.254.169.254", scanner="clean"),
                exchange(70, "g.clean.example", "62.4.5.7", scanner="clean"),
            ),
            "70 62.4.5.7",
        ),
        # only a scanner's hosts, and only a declared scanner's
        (PRIVATE_TOO, (MAILBOXES, exchange(20, "x.y", "62.1.1.1", scanner="gone"), CLEAN),
         "10 62.4.5.6 2a00:1::25"),
        # a customer's own MX name that leads to a scanner, and elsewhere
        (PRIVATE_TOO, (VANITY,), "10 10.9.9.9"),
        (Scanner("clean", mx=("clean.example",)), (VANITY,), "10 62.4.5.6"),
    ],
)  # fmt: skip
def test_rerouted_only_to_a_scanners_own_hosts(
    scanner: Scanner, exchanges: tuple[Exchange, ...], targets: str
) -> None:
    rules = replace(RULES["reroute"], scanners={**BASE.scanners, "clean": scanner})
    decision = decide(arrival("stranger", "shaun@it.co.za"), door(*exchanges), rules, NOW)
    assert decision.action is Action.REROUTE
    assert (
        "; ".join(f"{x.preference} {' '.join(map(str, x.addresses))}" for x in decision.targets)
        == targets
    )


@pytest.mark.parametrize(
    ("rules", "client", "recipient", "needed"),
    [
        ("refuse", "stranger", "shaun@it.co.za", Needs("it.co.za")),
        ("observe", "stranger", "shaun@A.it.co.za.", Needs("a.it.co.za")),
        ("refuse", "stranger", "x@far.example", Needs()),
        ("refuse", "anna", "shaun@it.co.za", Needs()),
        ("refuse", "stranger", "a%it.co.za@far.example", Needs()),
        ("refuse", "stranger", "shaun@localhost", Needs()),
        ("refuse, names", "stranger", "shaun@it.co.za", Needs("it.co.za", names=True)),
        ("refuse, names", "stranger", "x@far.example", Needs()),
        ("refuse, names", "stranger", "a%it.co.za@far.example", Needs(names=True)),
    ],
)
def test_needs(rules: str, client: str, recipient: str, needed: Needs) -> None:
    assert needs(arrival(client, recipient), RULES[rules]) == needed


def test_names_are_asked_only_within_an_entrys_limits() -> None:
    entry = replace(BRANCH, recipients=Domains(["fass.example"]), senders=Domains(["b.example"]))
    rules = replace(BASE, trust=(entry,))
    assert needs(arrival("stranger", "x@fass.example", "y@b.example"), rules).names
    assert not needs(arrival("stranger", "x@it.co.za", "y@b.example"), rules).names
    assert not needs(arrival("stranger", "x@fass.example", "y@c.example"), rules).names


def test_own_is_what_the_client_connected_to_where_nothing_is_declared() -> None:
    rules = replace(RULES["refuse"], own=frozenset())
    decision = decide(arrival("stranger", "shaun@it.co.za"), DOORS["own"], rules, NOW)
    assert decision.reason is Reason.OWN
    declared = replace(rules, own=frozenset({address("192.0.2.99")}))
    decision = decide(arrival("stranger", "shaun@it.co.za"), DOORS["own"], declared, NOW)
    assert decision.reason is Reason.NO_SCANNER


def test_evidence_names_what_a_decision_rests_on() -> None:
    decision = decide(arrival("stranger", "shaun@it.co.za"), DOORS["no SPF"], RULES["refuse"], NOW)
    assert decision.evidence.domain == "it.co.za"
    assert decision.evidence.front_door == DOORS["no SPF"]
    assert decision.evidence.failed == (Question(Kind.TXT, "spf.clean.example"),)
    assert decision.evidence.stage_from == "default"
    asked = arrival("branch, unsure", "shaun@it.co.za")
    decision = decide(asked, DOORS["scanner"], RULES["refuse, names"], NOW)
    assert decision.evidence.failed == (Question(Kind.PTR, "5.90.3.4.in-addr.arpa"),)
