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


def test_what_is_told_once_is_kept_once_a_day() -> None:
    told: list[Log] = []
    kept: list[tuple[str, str, str]] = []
    now = 0.0
    findings = Findings(told.append, lambda *found: kept.append(found), lambda: now)
    for hours in range(49):
        now = hours * 3600.0
        findings.consider(decision(Reason.OWN_AND_SCANNER, Stage.OBSERVE))
    assert len(told) == 1
    assert [each[:2] for each in kept] == [("own-and-scanner", "it.test")] * 3
    findings.waiting({"clean": Egress(held=Networks.of("198.18.0.0/15"))})
    assert kept[-1][:2] == ("egress-waits", "clean")
    assert kept[-1][2].startswith("held: 198.18.0.0/15; leaving: nothing; ")
