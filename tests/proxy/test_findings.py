"""What the operator hears of, once."""

from __future__ import annotations

from mxward.frontdoor.egress import Egress
from mxward.model import Action, Decision, Door, Evidence, Reason, Stage
from mxward.networks import Networks
from mxward.proxy.findings import Findings
from mxward.smtp.vocabulary import Log


def decision(reason: Reason, stage: Stage, domain: str = "it.test") -> Decision:
    return Decision(Action.PASS, Action.PASS, stage, Door.OPEN, reason, Evidence(domain))


def test_a_domain_that_is_own_and_has_a_scanner_is_told_loudly_and_once() -> None:
    told: list[Log] = []
    findings = Findings(told.append)
    for _ in range(3):
        findings.consider(decision(Reason.OWN_AND_SCANNER, Stage.OBSERVE))
    findings.consider(decision(Reason.OWN_AND_SCANNER, Stage.OBSERVE, "two.test"))
    assert [(log.event, log.fields["domain"], log.loud) for log in told] == [
        ("finding", "it.test", True),
        ("finding", "two.test", True),
    ]


def test_nothing_in_front_is_a_finding_where_it_was_meant_to_be_enforced() -> None:
    told: list[Log] = []
    findings = Findings(told.append)
    for reason in (Reason.NO_SCANNER, Reason.NO_FRONT_DOOR, Reason.OWN, Reason.EXCHANGE):
        findings.consider(decision(reason, Stage.OBSERVE))
        findings.consider(decision(reason, Stage.REFUSE))
    assert [log.fields["reason"] for log in told] == [Reason.NO_SCANNER, Reason.NO_FRONT_DOOR]


def test_an_egress_that_waits_is_told_again_only_when_it_changes() -> None:
    told: list[Log] = []
    findings = Findings(told.append)
    wide = Egress(held=Networks.of("198.18.0.0/15"))
    for egress in (Egress(), wide, wide, Egress(leaving=Networks.of("192.0.2.0/24"))):
        findings.waiting({"clean": egress})
    assert [(log.fields["held"], log.fields["leaving"]) for log in told] == [
        ("198.18.0.0/15", ""),
        ("", "192.0.2.0/24"),
    ]
