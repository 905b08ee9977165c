"""The one rule: may this come in?

`needs` names what must be known first, `decide` answers. Both are pure, and everything that has to
answer the question calls them: the proxy, `mxward explain`, the replay of logs. In order:

 1. an authenticated client passes;
 2. a recipient outside the inventory passes: the mail server knows whom it relays for; where it is
    not told who the client is, it would take mxward for a friend and relay, so that is refused;
 3. *own*: an address of the mail server is among the domain's MX, nothing is bypassed: passes;
 4. a client within the front door or its scanner's egress, or with a certificate of that scanner,
    passes;
 5. a client trusted for this domain passes;
 6. stage observe: passes, and `would` says what an enforced stage had done;
 7. what could still have let this client pass could not be looked up: deferred;
 8. no front door, or no scanner that we know: passes;
 9. the back door: the domain's stage decides.

A missing fact counts in 7 only if it could change the outcome: where all hosts of the front door
are known and none is a scanner's, 8 holds whatever a client's name would have been. A certificate
is shown or not: it is never a missing fact.
"""

from __future__ import annotations

from dataclasses import replace

from mxward import domains
from mxward.domains import Domains
from mxward.model import (
    EVERY,
    STORED,
    Action,
    Arrival,
    Decision,
    Door,
    Evidence,
    Exchange,
    FrontDoor,
    Kind,
    Known,
    Needs,
    Question,
    Reason,
    Rules,
    Stage,
    entries_for,
)
from mxward.networks import Address
from mxward.targets import targets
from mxward.welcome import any_scanner, front_door_reason, limits_allow, trusted

__all__ = ["decide", "needs", "stage_of", "without_rerouting"]

_ENFORCED = {
    Stage.DEFER: Action.DEFER,
    Stage.REFUSE: Action.REFUSE,
    Stage.REROUTE: Action.REROUTE,
}
_FAMILY = {Kind.A: 4, Kind.AAAA: 6}


def needs(arrival: Arrival, rules: Rules) -> Needs:
    """What must be looked up before `decide` can answer. No look-up for a stranger's domain."""
    if arrival.authenticated:
        return Needs()
    domain = _domain_of(arrival.recipient, rules.inventory)
    if domain and domain not in rules.inventory:
        return Needs()
    named = rules.trusted_names
    by_name = bool(named) and any(limits_allow(trust, arrival, domain) for trust in named)
    return Needs(front_door=domain or None, names=by_name)


def decide(arrival: Arrival, front_door: FrontDoor, rules: Rules, now: float) -> Decision:
    """Answer for one recipient. `now` is in seconds since the epoch; never raises."""
    if arrival.authenticated:
        return _outside(Action.PASS, Reason.AUTHENTICATED)
    domain = _domain_of(arrival.recipient, rules.inventory)
    if domain == domains.HIDDEN:
        return _decide_hidden(arrival, rules, now)
    if domain not in rules.inventory:
        return _outside(*_relayed(rules), domain=domain)
    return _decide_ours(arrival, domain, front_door, rules, now)


def without_rerouting(decision: Decision) -> Decision:
    """What is done where no message can be handed on: it comes again, or goes to the MX at last."""
    if Action.REROUTE not in (decision.action, decision.would):
        return decision
    deferred = {Action.REROUTE: Action.DEFER}
    return replace(
        decision,
        action=deferred.get(decision.action, decision.action),
        would=deferred.get(decision.would, decision.would),
        targets=(),
    )


def stage_of(domain: str, rules: Rules) -> tuple[Stage, str]:
    """A domain's stage, and the entry it comes from (`default` where it has none).

    What the store says goes before all that the configuration says, and STORED before its entry.
    """
    if rules.stages_set:
        for entry in (*entries_for(domain), EVERY):
            found = rules.stages_set.get(entry)
            if found is not None:
                return found.stage, f"{STORED}{entry}"
    if rules.stages:
        for entry in entries_for(domain):
            if entry in rules.stages:
                return rules.stages[entry], entry
    return rules.stage, "default"


def _domain_of(recipient: str, inventory: Domains) -> str:
    """The recipient's domain; HIDDEN too where the mail server may read one of ours out of it.

    A name without a dot is a mail server's own (`localhost`), not a domain (RFC 5321 2.3.5).
    """
    domain = domains.of_recipient(recipient)
    if not recipient.isascii():
        folded = domains.folded(recipient)
        if folded != domain and folded in inventory:
            return domains.HIDDEN
    if "." not in domain and domain not in inventory:
        return domains.HIDDEN
    return domain


def _outside(action: Action, reason: Reason, domain: str = "") -> Decision:
    return Decision(action, action, Stage.OBSERVE, Door.OUTSIDE, reason, Evidence(domain))


def _relayed(rules: Rules) -> tuple[Action, Reason]:
    """Mail for whom we do not know: the mail server's business, if it can tell who asks."""
    if rules.client_told:
        return Action.PASS, Reason.NOT_OURS
    return Action.REFUSE, Reason.RELAY


def _decide_ours(
    arrival: Arrival, domain: str, door: FrontDoor, rules: Rules, now: float
) -> Decision:
    stage, stage_from = stage_of(domain, rules)
    evidence = Evidence(domain, door, names=arrival.names, stage_from=stage_from)

    own = rules.own or frozenset((arrival.server,))
    if not own.isdisjoint(door.addresses):
        reason = Reason.OWN_AND_SCANNER if door.scanners else Reason.OWN
        return Decision(Action.PASS, Action.PASS, stage, Door.OPEN, reason, evidence)

    through = front_door_reason(arrival, door, rules)
    if through:
        return Decision(Action.PASS, Action.PASS, stage, Door.FRONT, through, evidence)

    trust, unconfirmed = trusted(arrival, domain, rules, now)
    if trust:
        evidence = Evidence(domain, door, trust, arrival.names, stage_from=stage_from)
        return Decision(Action.PASS, Action.PASS, stage, Door.BACK, Reason.TRUSTED, evidence)

    failed = _failed(arrival.client, domain, door, own, rules)
    if not failed and not door.scanners:
        absent = door.state is Known.ABSENT
        reason = Reason.NO_FRONT_DOOR if absent else Reason.NO_SCANNER
        return Decision(Action.PASS, Action.PASS, stage, Door.OPEN, reason, evidence)

    failed += unconfirmed
    if failed:
        evidence = Evidence(domain, door, None, arrival.names, failed, stage_from)
        return _stopped(stage, Action.DEFER, Door.UNKNOWN, Reason.LOOKUP_FAILED, evidence)
    if arrival.client in door.held:
        return _stopped(stage, Action.DEFER, Door.UNKNOWN, Reason.HELD, evidence)
    return _back_door(stage, door, own, rules, evidence)


def _back_door(
    stage: Stage, door: FrontDoor, own: frozenset[Address], rules: Rules, evidence: Evidence
) -> Decision:
    """Rule 9; under `observe` it is rehearsed only, so `would` shows a missing target too."""
    enforced = rules.rehearsed if stage is Stage.OBSERVE else stage
    action = _ENFORCED.get(enforced, Action.PASS)
    if action is not Action.REROUTE:
        return _stopped(stage, action, Door.BACK, Reason.BACK_DOOR, evidence)
    hosts = tuple(targets(door, own, rules))
    if not hosts:
        return _stopped(stage, Action.DEFER, Door.BACK, Reason.NO_TARGET, evidence)
    return _stopped(stage, action, Door.BACK, Reason.BACK_DOOR, evidence, hosts)


def _stopped(
    stage: Stage,
    would: Action,
    door: Door,
    reason: Reason,
    evidence: Evidence,
    targets: tuple[Exchange, ...] = (),
) -> Decision:
    """What is done at this stage with mail that an enforced stage stops (rule 6)."""
    if stage is Stage.OBSERVE:
        return Decision(Action.PASS, would, stage, door, reason, evidence)
    return Decision(would, would, stage, door, reason, evidence, targets)


# -- what is not known ------------------------------------------------------------------------


def _failed(
    client: Address, domain: str, door: FrontDoor, own: frozenset[Address], rules: Rules
) -> tuple[Question, ...]:
    """The failed look-ups that could still change the outcome for this client."""
    if door.state in (Known.FAILED, Known.NOT_ASKED):
        return door.missing or (Question(Kind.MX, domain),)
    if not door.missing:
        return ()
    families = {client.version} | {address.version for address in own}
    hosts = {exchange.name: exchange for exchange in door.exchanges}
    return tuple(
        question
        for question in door.missing
        # Without a scanner in front there is no egress to be in, and no address that counts.
        if (door.scanners and _FAMILY.get(question.kind, client.version) in families)
        or (question.name in hosts and _may_say_more(hosts[question.name], question, rules))
    )


def _may_say_more(host: Exchange, missing: Question, rules: Rules) -> bool:
    """Whether a failed look-up could show that a host is a scanner's, or is none at all.

    The name that CNAMEs lead to is known from either family; addresses say it where names do not.
    """
    if not host.addresses:
        return True
    if any(scanner.has_mx(host.name) for scanner in rules.scanners.values()):
        return False
    family = _FAMILY.get(missing.kind)
    return any(net.version == family for s in rules.scanners.values() for net in s.addresses)


# -- recipients that hide their domain --------------------------------------------------------


def _decide_hidden(arrival: Arrival, rules: Rules, now: float) -> Decision:
    """The strictest stage in force anywhere; reroute becomes refuse: there is no MX to go to."""
    if domains.is_postmaster(arrival.recipient):
        return _outside(Action.PASS, Reason.POSTMASTER)
    if not rules.client_told:
        return _outside(Action.REFUSE, Reason.RELAY)
    stage = rules.strictest
    through = any_scanner(arrival, rules)
    if through:
        evidence = Evidence(stage_from="strictest")
        return Decision(Action.PASS, Action.PASS, stage, Door.FRONT, through, evidence)
    trust, unconfirmed = trusted(arrival, domains.HIDDEN, rules, now)
    evidence = Evidence(
        "", trust=trust, names=arrival.names, failed=unconfirmed, stage_from="strictest"
    )
    if trust:
        return Decision(Action.PASS, Action.PASS, stage, Door.BACK, Reason.TRUSTED, evidence)
    if unconfirmed:
        return _stopped(stage, Action.DEFER, Door.UNKNOWN, Reason.LOOKUP_FAILED, evidence)
    enforced = rules.rehearsed if stage is Stage.OBSERVE else stage
    action = Action.DEFER if enforced is Stage.DEFER else Action.REFUSE
    if enforced is Stage.OBSERVE:
        action = Action.PASS
    return _stopped(stage, action, Door.BACK, Reason.HIDDEN_DOMAIN, evidence)
