"""Where a scanner delivers from: what is declared, and what its SPF names came to over time.

What SPF names newly is egress at once; what it names no longer stays welcome through the
cooling-off time. Two things wait for the operator's word, given as the time at which it was given:

- a network wider than /16 (IPv6 /32) is *held*: not egress until then;
- where what is named shrinks by more than half, what vanished is *leaving*: egress until then. It
  shrinks when there are less than half as many networks (those that touch counted as one), or less
  than half as many addresses of either family.

Declared networks are the operator's word already. A change of the SPF names themselves is too: what
was known of the old ones is dropped. A first expansion has nothing to be compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import inf

from mxward.frontdoor.expansion import MOST_NETWORKS, Expansion
from mxward.frontdoor.remember import COOLING_OFF
from mxward.model import Question, Scanner
from mxward.networks import Network, Networks, collapsed, too_wide

__all__ = ["NEVER", "Egress", "EgressHistory", "Gone", "halved", "learn", "standing"]

NEVER = -inf
"""When the operator accepted a scanner's changes, where that has not happened yet."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A network that SPF named from `since` on, until it was found gone at `gone_at`."""

    network: Network
    since: float
    gone_at: float
    waits: bool  # too much vanished with it


@dataclass(frozen=True, slots=True)
class EgressHistory:
    """What a scanner's SPF names have come to. Times are seconds since the epoch."""

    names: tuple[str, ...]
    current: tuple[tuple[Network, float], ...] = ()  # named now, and since when
    gone: tuple[Gone, ...] = ()


@dataclass(frozen=True, slots=True)
class Egress:
    """Where a scanner delivers from, now."""

    networks: Networks = field(default_factory=Networks)
    former: Networks = field(default_factory=Networks)  # vanished, still welcome
    held: Networks = field(default_factory=Networks)  # too wide: not egress until accepted
    leaving: Networks = field(default_factory=Networks)  # vanished, egress until accepted
    missing: tuple[Question, ...] = ()  # SPF look-ups that failed and are not remembered
    unlisted: tuple[str, ...] = ()  # SPF terms that name no finite set
    stale: bool = False  # served from memory while the DNS fails
    observed_at: float | None = None  # the oldest look-up it rests on


def learn(
    old: EgressHistory | None,
    names: tuple[str, ...],
    found: Expansion,
    accepted_at: float,
    now: float,
) -> EgressHistory:
    """What is known after an expansion. Only one that is whole lets anything vanish."""
    if old is None or old.names != names:
        return EgressHistory(names, tuple((net, now) for net in _ordered(found.networks)))
    since = {gone.network: gone.since for gone in old.gone} | dict(old.current)
    current = {network: since.get(network, now) for network in found.networks}
    if not found.whole:
        current |= dict(old.current)
    gone = tuple(_gone(old, current, accepted_at, now))[:MOST_NETWORKS]
    named = tuple((network, current[network]) for network in _ordered(current))
    return EgressHistory(names, named, gone)


def standing(
    scanner: Scanner, history: EgressHistory | None, accepted_at: float, now: float
) -> Egress:
    """Where a scanner delivers from, as far as its history goes."""
    if history is None or history.names != scanner.spf:
        return Egress(scanner.egress)
    applied = set(_applied(history.current, accepted_at))
    leaving = {gone.network for gone in history.gone if _waits(gone, accepted_at)}
    former = {gone.network for gone in history.gone if now < gone.gone_at + COOLING_OFF}
    return Egress(
        networks=scanner.egress | Networks(applied | leaving),
        former=Networks(former - applied - leaving),
        held=Networks(network for network, _ in history.current if network not in applied),
        leaving=Networks(leaving),
    )


def _gone(
    old: EgressHistory, current: dict[Network, float], accepted_at: float, now: float
) -> Iterator[Gone]:
    """What is gone: what waits for the operator first, then the newest."""
    applied = set(_applied(old.current, accepted_at))
    vanished = [Gone(n, s, now, False) for n, s in old.current if n in applied - current.keys()]
    before = [gone for gone in old.gone if gone.network not in current]
    waiting = [gone for gone in before if _waits(gone, accepted_at)]
    in_force = applied | {gone.network for gone in old.gone if _waits(gone, accepted_at)}
    if (vanished or waiting) and halved(in_force, _applied(current.items(), accepted_at)):
        yield from waiting
        yield from (replace(gone, waits=True) for gone in vanished)
    else:
        yield from vanished
        yield from (replace(gone, gone_at=now, waits=False) for gone in waiting)
    for gone in before:
        if not _waits(gone, accepted_at) and now < gone.gone_at + COOLING_OFF:
            yield gone


def _applied(current: Iterable[tuple[Network, float]], accepted_at: float) -> Iterator[Network]:
    """The networks that need no word of the operator, or have it."""
    return (net for net, since in current if since <= accepted_at or not too_wide(net))


def _waits(gone: Gone, accepted_at: float) -> bool:
    return gone.waits and gone.gone_at > accepted_at


def halved(before: Iterable[Network], after: Iterable[Network]) -> bool:
    """Whether less than half is left, by networks or by the addresses of either family."""
    return any(2 * now < then for then, now in zip(_sizes(before), _sizes(after), strict=True))


def _sizes(networks: Iterable[Network]) -> tuple[int, int, int]:
    every = collapsed(networks)
    v4 = sum(net.num_addresses for net in every if net.version == 4)
    return len(every), v4, sum(net.num_addresses for net in every) - v4


def _ordered(networks: Iterable[Network]) -> list[Network]:
    return sorted(networks, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
