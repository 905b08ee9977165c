"""Who may go past mxward: the clients that come by the front door of every fronted domain.

The rule itself is asked about each (`policy.decide`), as an enforced stage would have it, and
without trust, which speaks of some domains only. A domain that nothing stands in front of keeps
nobody out. Not here: former addresses of a front door. They are welcome for a while, and go by
mxward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_network

from mxward import policy
from mxward.model import Action, Arrival, Door, FrontDoor, Rules
from mxward.networks import Address, Network, collapsed

__all__ = ["MOST", "Bypass", "bypass"]

MOST = 65_536
"""Addresses and networks that go past mxward at most; more are a mistake somewhere."""
_NOBODY = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Bypass:
    """Who goes past; of `domains`, `fronted` have a scanner in front, and whether `unknown` ones
    have was never found out: they do not count.
    """

    networks: tuple[Network, ...]
    domains: int
    fronted: int
    unknown: int


def bypass(doors: Iterable[tuple[str, FrontDoor]], rules: Rules, now: float) -> Bypass:
    """What is common to all these domains' front doors."""
    untrusting = replace(rules, trust=())
    found: Counter[Door] = Counter()
    judged: dict[int, tuple[FrontDoor, Door]] = {}  # domains behind the same hosts share a door
    common: list[Network] | None = None
    for domain, door in doors:
        if id(door) not in judged:
            stands = _what_stands(domain, door, untrusting, now)
            judged[id(door)] = (door, stands)
            if stands is Door.FRONT:
                ways = [net for net in _ways(door) if _lead_in(domain, door, untrusting, now, net)]
                common = ways if common is None else _both(common, ways)
        found[judged[id(door)][1]] += 1
    networks = collapsed(common or ())[:MOST]
    return Bypass(networks, found.total(), found[Door.FRONT], found[Door.UNKNOWN])


def _what_stands(domain: str, door: FrontDoor, rules: Rules, now: float) -> Door:
    """Whether a scanner stands in front, nobody, or that is not known."""
    if door.scanners:
        return Door.FRONT
    decided = policy.decide(_arrival(_NOBODY, domain, rules), door, rules, now).door
    return Door.OPEN if decided is Door.OPEN else Door.UNKNOWN


def _ways(door: FrontDoor) -> list[Network]:
    return [*map(ip_network, door.addresses), *door.egress]


def _lead_in(domain: str, door: FrontDoor, rules: Rules, now: float, net: Network) -> bool:
    """Whether the rule lets a network in. It counts as a whole, so its ends speak for it."""
    decisions = (
        policy.decide(_arrival(end, domain, rules), door, rules, now) for end in (net[0], net[-1])
    )
    return all(
        decision.would is Action.PASS and decision.door in (Door.FRONT, Door.OPEN)
        for decision in decisions
    )


def _arrival(client: Address, domain: str, rules: Rules) -> Arrival:
    return Arrival(client, next(iter(rules.own), client), "", "", f"a@{domain}")


def _both(some: list[Network], others: list[Network]) -> list[Network]:
    """The networks that are within both."""
    found: list[Network] = []
    for version in (4, 6):
        ours = [net for net in collapsed(some) if net.version == version]
        theirs = [net for net in collapsed(others) if net.version == version]
        while ours and theirs:  # both in order, and none overlaps its neighbours
            first, last = _ends(ours[0])
            their_first, their_last = _ends(theirs[0])
            if first <= their_first and their_last <= last:
                found.append(theirs[0])
            elif their_first <= first and last <= their_last:
                found.append(ours[0])
            (ours if last < their_last else theirs).pop(0)
    return found


def _ends(net: Network) -> tuple[int, int]:
    return int(net[0]), int(net[-1])
