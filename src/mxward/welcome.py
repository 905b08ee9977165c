"""Who a client is to a domain: one of its front door, or trusted to use the back door.

An identity is an address, a forward-confirmed name or a verified TLS certificate. HELO and
unconfirmed names prove nothing, and are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from mxward import domains
from mxward.model import Arrival, FrontDoor, Kind, Known, Question, Reason, Rules, Trust

__all__ = ["any_scanner", "front_door_reason", "limits_allow", "trusted"]


def front_door_reason(arrival: Arrival, door: FrontDoor, rules: Rules) -> Reason | None:
    """By what a client comes through this front door (rule 4); None where it does not."""
    client = arrival.client
    if client in door.addresses:
        return Reason.EXCHANGE
    if client in door.egress:
        return Reason.EGRESS
    if arrival.certificates and _certified(arrival, (*door.scanners, *door.also), rules):
        return Reason.CERTIFICATE
    if client in door.former:
        return Reason.FORMER
    return None


def any_scanner(arrival: Arrival, rules: Rules) -> Reason | None:
    """By what a client is one of the scanners, whichever: for a domain that is hidden."""
    if any(arrival.client in scanner.egress for scanner in rules.scanners.values()):
        return Reason.EGRESS
    if arrival.certificates and _certified(arrival, rules.scanners, rules):
        return Reason.CERTIFICATE
    return None


def _certified(arrival: Arrival, scanners: Iterable[str], rules: Rules) -> bool:
    """Whether the client's certificate is one that a scanner of these shows when it delivers."""
    declared = (rules.scanners[name] for name in scanners if name in rules.scanners)
    return any(
        _same_or_below(name, wanted)
        for scanner in declared
        for wanted in scanner.certificates
        for name in arrival.certificates
    )


# -- trusted clients --------------------------------------------------------------------------


def trusted(
    arrival: Arrival, domain: str, rules: Rules, now: float
) -> tuple[Trust | None, tuple[Question, ...]]:
    """The entry that lets this client in; else the look-ups that could still have found one."""
    if arrival.client in rules.trusted_networks:
        for trust in rules.trust:
            inside = trust.network is not None and arrival.client in trust.network
            if inside and _holds(trust, arrival, domain, now):
                return trust, ()
    if arrival.certificates:
        for trust in rules.trusted_certificates:
            shown = any(_same_or_below(n, trust.certificate or "") for n in arrival.certificates)
            if shown and _holds(trust, arrival, domain, now):
                return trust, ()
    entries = [t for t in rules.trusted_names if _holds(t, arrival, domain, now)]
    for trust in entries:
        if any(_same_or_below(name, trust.name or "") for name in arrival.names.names):
            return trust, ()
    if entries and arrival.names.state in (Known.FAILED, Known.NOT_ASKED):
        return None, (Question(Kind.PTR, arrival.client.reverse_pointer),)
    return None, ()


def _holds(trust: Trust, arrival: Arrival, domain: str, now: float) -> bool:
    """Whether an entry is in force, and speaks of this recipient and sender."""
    if trust.expires is not None and trust.expires <= now:
        return False
    return limits_allow(trust, arrival, domain)


def limits_allow(trust: Trust, arrival: Arrival, domain: str) -> bool:
    """Whether an entry speaks of this recipient and sender at all."""
    if trust.recipients and domain not in trust.recipients:
        return False
    if not trust.senders:
        return True
    return domains.of_recipient(arrival.sender) in trust.senders


def _same_or_below(name: str, wanted: str) -> bool:
    return name == wanted or (wanted.startswith("*.") and name.endswith(wanted[1:]))
