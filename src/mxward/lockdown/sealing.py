"""One domain sealed: whom its mail is taken from, and what is done with everybody else's.

What is done with a stranger is what `policy.decide` says of one. Files know addresses, and nothing
else: a domain with a trusted client that is known by its name, by its certificate or only for some
senders is left as it is, and named, for a rule without that client would lose its mail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mxward import policy
from mxward.model import (
    Action,
    Arrival,
    ConfirmedNames,
    Decision,
    Door,
    FrontDoor,
    Known,
    Reason,
    Rules,
    Stage,
    Trust,
)
from mxward.networks import Address, Network, Networks, address, network

__all__ = ["LeftOut", "Sealed", "Sealing", "Unsure", "Verdict"]

_NAMELESS = ConfirmedNames(Known.ABSENT)
# Nobody connects from these: class E (RFC 1112 4), and the discard prefix (RFC 6666). Some of them
# the owner of a domain can make its front door, so there are many.
_STRANGERS = tuple(address(base) + n for n in range(1, 257) for base in ("240.0.0.0", "100::"))


class Verdict(StrEnum):
    """What is done with mail by the back door, the mildest first. To hand it on (reroute) takes a
    proxy: it defers.
    """

    WARN = "warn"
    DEFER = "defer"
    DENY = "deny"


_AT_MOST = {Stage.OBSERVE: Verdict.WARN, Stage.REFUSE: Verdict.DENY}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A domain that a scanner fronts, and for which a rule can be written."""

    domain: str
    verdict: Verdict
    scanners: tuple[str, ...]
    exchanges: tuple[str, ...]  # the names of its MX hosts, best first
    welcome: Networks  # its front door: MX hosts, egress, and what was either lately
    trusted: Networks


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A domain that needs no rule, or can have none; `why` says so in a few words."""

    domain: str
    why: str
    empty: bool = False  # no such domain, a null MX, or hosts without an address
    own: frozenset[Address] = frozenset()  # where its own mail server is, by its MX


@dataclass(frozen=True, slots=True)
class Unsure:
    """A domain whose front door is not known whole: the rule that it has stays, or gets milder."""

    domain: str
    why: str


class Sealing:
    """Seals domains one by one, all by the same rules at the same time.

    `server` is where clients connect to, where the rules name no address of the mail server; `now`
    is in seconds since the epoch. Domains behind one door share one object of its networks.
    """

    def __init__(self, rules: Rules, server: Address, now: float) -> None:
        self._rules = rules
        self._server = min(rules.own, key=int, default=server)
        self._own = rules.own or {server}
        self._now = now
        self._trust = tuple(t for t in rules.trust if t.expires is None or t.expires > now)
        self._welcomes: dict[int, tuple[FrontDoor, Networks]] = {}
        self._trusted: dict[tuple[Network, ...], Networks] = {}

    def seal(self, domain: str, door: FrontDoor) -> Sealed | LeftOut | Unsure:
        """What is to be written of a domain of the inventory."""
        if door.state in (Known.FAILED, Known.NOT_ASKED):
            return Unsure(domain, "its front door cannot be looked up")
        if door.missing:
            missing = door.missing[0]
            return Unsure(domain, f"{missing.kind} {missing.name} cannot be looked up")
        trust = [t for t in self._trust if not t.recipients or domain in t.recipients]
        trusted = self._networks(trust)
        welcome = self._welcome(door)
        decision = self._of_a_stranger(domain, door, (trusted, welcome))
        if decision is None:
            return LeftOut(domain, "everybody is trusted")
        if decision.door is Door.OUTSIDE:
            return LeftOut(domain, "it is not in the inventory")
        if decision.door is Door.OPEN:
            empty = decision.reason is Reason.NO_FRONT_DOOR
            why = f"nothing stands in front ({decision.reason})"
            return LeftOut(domain, why, empty, door.addresses & self._own)
        if door.held:
            return Unsure(domain, "a network of its scanner waits for your word")
        beyond = next((t for t in trust if not _by_address(t)), None)
        if beyond is not None:
            return LeftOut(domain, f"{_known_by(beyond)} ({_place(beyond)}): use mxward policyd")
        exchanges = tuple(exchange.name for exchange in door.exchanges)
        verdict = _verdict(decision)
        return Sealed(domain, verdict, door.scanners, exchanges, welcome, trusted)

    def at_most(self, domain: str) -> Verdict:
        """What a domain's stage lets be done with strangers, wherever its front door may be."""
        stage, _ = policy.stage_of(domain, self._rules)
        return _AT_MOST.get(stage, Verdict.DEFER)

    def _networks(self, trust: Iterable[Trust]) -> Networks:
        members = tuple(t.network for t in trust if t.network is not None and _by_address(t))
        found = self._trusted.get(members)
        if found is None:
            found = self._trusted[members] = Networks(members)
        return found

    def _of_a_stranger(
        self, domain: str, door: FrontDoor, let_in: tuple[Networks, Networks]
    ) -> Decision | None:
        """None where nobody is a stranger."""
        strangers = (s for s in _STRANGERS if not any(s in networks for networks in let_in))
        client = next(strangers, None)
        if client is None:
            return None
        arrival = Arrival(client, self._server, "", "", f"x@{domain}", names=_NAMELESS)
        return policy.without_rerouting(policy.decide(arrival, door, self._rules, self._now))

    def _welcome(self, door: FrontDoor) -> Networks:
        kept = self._welcomes.get(id(door))
        if kept is None:
            hosts = (network(str(address)) for address in door.addresses)
            every = Networks((*hosts, *door.egress, *door.former))
            kept = self._welcomes[id(door)] = (door, every)
        return kept[1]


def _by_address(trust: Trust) -> bool:
    return trust.network is not None and not trust.senders


def _verdict(decision: Decision) -> Verdict:
    if decision.stage is Stage.OBSERVE:
        return Verdict.WARN
    return Verdict.DENY if decision.action is Action.REFUSE else Verdict.DEFER


def _known_by(trust: Trust) -> str:
    if trust.name is not None:
        return f"a client is trusted by its name {trust.name}"
    if trust.certificate is not None:
        return f"a client is trusted by its certificate {trust.certificate}"
    return "a client is trusted for some senders only"


def _place(trust: Trust) -> str:
    return trust.place if trust.id is None else f"trust {trust.id} of the store"
