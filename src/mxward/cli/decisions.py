"""A decision, as text and as JSON."""

from __future__ import annotations

from typing import Any

from mxward.cli import front_doors
from mxward.cli.origins import Origin, moment
from mxward.cli.screen import Screen
from mxward.model import (
    Action,
    Arrival,
    Decision,
    Door,
    Evidence,
    Known,
    Reason,
    Trust,
)

__all__ = ["REASONS", "as_object", "show"]

REASONS = {
    Reason.AUTHENTICATED: "the client has authenticated",
    Reason.NOT_OURS: "the domain is not in the inventory; the mail server knows whom it relays for",
    Reason.RELAY: "the domain is not in the inventory, and the mail server, which is not told who "
    "the client is, would relay for anybody",
    Reason.POSTMASTER: "the server's own postmaster is reached by any door",
    Reason.OWN: "the domain's MX is the mail server itself, so nothing is bypassed",
    Reason.OWN_AND_SCANNER: "the domain's MX names the mail server itself beside a scanner: "
    "the front door has a hole",
    Reason.EXCHANGE: "the client is one of the domain's MX hosts",
    Reason.EGRESS: "the client is where the scanner in front delivers from",
    Reason.CERTIFICATE: "the client has shown a certificate of the scanner in front",
    Reason.FORMER: "the client belonged to the front door within the last 72 hours",
    Reason.TRUSTED: "the client is trusted to use the back door",
    Reason.LOOKUP_FAILED: "what could still let the client in could not be looked up",
    Reason.HELD: "the client is in a network that waits for your word (mxward door --accept)",
    Reason.NO_FRONT_DOOR: "nothing stands in front of the domain",
    Reason.NO_SCANNER: "the domain's MX leads to no scanner that is declared",
    Reason.BACK_DOOR: "the client is not of the front door, and nobody trusts it",
    Reason.NO_TARGET: "the client is not of the front door, and the scanner has no address that "
    "mail may be rerouted to",
    Reason.HIDDEN_DOMAIN: "the recipient hides its domain, so the strictest stage counts",
}

_STYLES = {
    Action.PASS: "bold green",
    Action.DEFER: "bold yellow",
    Action.REFUSE: "bold red",
    Action.REROUTE: "bold cyan",
}


def show(
    screen: Screen, arrival: Arrival, decision: Decision, stage_from: Origin, now: float
) -> None:
    """Print a decision, and what it rests on. `now`: seconds since the epoch."""
    screen.line(f"{arrival.client} brings mail for {arrival.recipient}", "bold")
    screen.labelled("action", decision.action, _STYLES[decision.action])
    enforced = ", were the stage enforced" * (decision.would is not decision.action)
    screen.labelled("would", f"{decision.would}{enforced}", _STYLES[decision.would])
    if decision.door is not Door.OUTSIDE:
        screen.labelled("stage", f"{decision.stage}, {stage_from}")
    screen.labelled("door", decision.door)
    screen.labelled("reason", f"{decision.reason}: {REASONS[decision.reason]}")
    screen.listed("targets", [f"{x.name} {a}" for x in decision.targets for a in x.addresses])
    screen.listed("shown", arrival.certificates)
    _show_evidence(screen, decision.evidence, now)


def _show_evidence(screen: Screen, evidence: Evidence, now: float) -> None:
    if evidence.trust:
        screen.labelled("trust", _trust(evidence.trust))
    if evidence.names.state is not Known.NOT_ASKED:
        names = "  ".join(evidence.names.names) or "none that lead back to it"
        failed = ", and some could not be looked up" * (evidence.names.state is Known.FAILED)
        screen.labelled("names", f"{names}{failed}")
    screen.listed("failed", [f"{q.kind} {q.name}" for q in evidence.failed], "yellow")
    if evidence.front_door.state is not Known.NOT_ASKED:
        screen.line()
        screen.line(evidence.domain, "bold")
        front_doors.show(screen, evidence.front_door, now)


def _trust(trust: Trust) -> str:
    until = f", until {moment(trust.expires)}" if trust.expires is not None else ""
    return f"{trust.note}, says {trust.owner} ({trust.place}){until}"


# -- for programs -----------------------------------------------------------------------------


def as_object(decision: Decision, stage_from: Origin, now: float) -> dict[str, Any]:
    """The same as an object; times are in seconds, `expires` since the epoch."""
    evidence = decision.evidence
    return {
        "action": decision.action,
        "would": decision.would,
        "stage": decision.stage,
        "door": decision.door,
        "reason": decision.reason,
        "evidence": {
            "domain": evidence.domain,
            **stage_from.as_object(),
            "front_door": front_doors.as_object(evidence.front_door, now),
            "trust": _trust_object(evidence.trust),
            "names": {"state": evidence.names.state, "names": list(evidence.names.names)},
            "failed": [f"{question.kind} {question.name}" for question in evidence.failed],
        },
        "targets": [
            {"name": target.name, "addresses": [str(address) for address in target.addresses]}
            for target in decision.targets
        ],
    }


def _trust_object(trust: Trust | None) -> dict[str, Any] | None:
    if trust is None:
        return None
    return {
        "owner": trust.owner,
        "note": trust.note,
        "network": str(trust.network) if trust.network else None,
        "name": trust.name,
        "certificate": trust.certificate,
        "expires": trust.expires,
        "place": trust.place,
        "id": trust.id,
    }
