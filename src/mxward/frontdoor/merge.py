"""What was looked up, what is remembered and what is declared -> a domain's front door.

Every question is read through `Recall`: what is remembered of it, or None where it failed and
nothing is. So a look-up that fails cannot change a door: it is put together from what was known
before, and says that it is REMEMBERED. Only what was never known is `missing`. What vanished within
the cooling-off time is `former`: addresses of the hosts, and the egress of scanners that stand in
front no more.

Supported: null MX (RFC 7505), implicit MX (RFC 5321 5.1), MX hosts that are CNAMEs, MX names of the
customer's own that lead to a scanner by its addresses.
Not supported: a former implicit MX. It was no scanner, so nothing was enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from ipaddress import ip_network
from operator import or_

from mxward.frontdoor import records
from mxward.frontdoor.egress import Egress
from mxward.frontdoor.hosts import Host, Scanners, look_at
from mxward.frontdoor.remember import Recall, cooling
from mxward.model import Exchange, FrontDoor, Kind, Known, Question, Remembered, Source
from mxward.networks import Address, Networks

__all__ = ["EgressOf", "Seen", "assemble", "exchanges", "see"]

EgressOf = Callable[[str], Egress]
"""Where a scanner delivers from, by its name."""

_NONE = Networks()


def exchanges(domain: str, mx: Remembered) -> tuple[tuple[int, str], ...]:
    """The hosts that take a domain's mail, best first; none where its MX is null or garbage."""
    if mx.state is Known.ABSENT:
        return ((0, domain),)  # RFC 5321 5.1: the implicit MX
    return () if mx.values == records.NULL_MX else records.exchanges(mx.values)


@dataclass(frozen=True, slots=True)
class Seen:
    """A domain's MX hosts, now and lately. Nothing stands in front where the state is ABSENT."""

    state: Known
    exchanges: tuple[Exchange, ...] = ()
    scanners: tuple[str, ...] = ()
    former_scanners: tuple[str, ...] = ()
    former: Networks = _NONE
    missing: tuple[Question, ...] = ()
    facts: tuple[Remembered, ...] = ()

    @property
    def needs_egress_of(self) -> tuple[str, ...]:
        """The scanners whose egress `assemble` will ask for."""
        return self.scanners + self.former_scanners


def see(domain: str, recall: Recall, scanners: Scanners, now: float) -> Seen:
    """Look at a domain's MX and its hosts. `now` is in seconds since the epoch; never raises."""
    mx = recall(Question(Kind.MX, domain))
    if mx is None:
        return Seen(Known.FAILED, missing=(Question(Kind.MX, domain),))
    named = [(p, look_at(name, recall, scanners, now)) for p, name in exchanges(domain, mx)]
    hosts = [host for _, host in named]
    before = [
        look_at(name, recall, scanners, now)
        for _, name in records.exchanges(tuple(cooling(mx.former, now)))
        if all(name != host.name for host in hosts)
    ]
    state = _state(hosts)
    in_front = _unique(name for host in hosts for name in host.scanners)
    behind = _unique(name for host in before for name in host.scanners) + _unique(
        name for host in (*hosts, *before) for name in host.former_scanners
    )
    return Seen(
        state=state,
        exchanges=tuple(_exchanges(named, mx, state)),
        scanners=in_front if state is Known.FOUND else (),
        former_scanners=_unique(name for name in behind if name not in in_front),
        former=_networks(
            [a for host in before for a in host.addresses]
            + [a for host in (*hosts, *before) for a in host.former]
        ),
        missing=tuple(question for host in hosts for question in host.missing),
        facts=(mx, *(fact for host in hosts for fact in host.facts)),
    )


def assemble(seen: Seen, egress_of: EgressOf, now: float) -> FrontDoor:
    """Put a domain's front door together. `now` is in seconds since the epoch; never raises."""
    if seen.state is Known.FAILED:
        return FrontDoor(Known.FAILED, missing=seen.missing)
    egress = [egress_of(name) for name in seen.scanners]
    before = [egress_of(name) for name in seen.former_scanners]
    stale = any(f.expires_at <= now for f in seen.facts) or any(e.stale for e in egress)
    ages = [e.observed_at for e in egress if e.observed_at is not None]
    named = {exchange.scanner for exchange in seen.exchanges}
    unknown = tuple(question for e in (*egress, *before) for question in e.missing)
    return FrontDoor(
        state=seen.state,
        exchanges=seen.exchanges,
        egress=_all(e.networks for e in egress),
        former=_all([seen.former, *(e.former for e in egress), *(e.networks for e in before)]),
        held=_all(e.held for e in egress),
        missing=seen.missing + unknown,
        also=tuple(name for name in seen.needs_egress_of if name not in named),
        source=Source.REMEMBERED if stale else Source.DNS,
        observed_at=min([*ages, *(fact.observed_at for fact in seen.facts)]),
    )


def _state(hosts: list[Host]) -> Known:
    """Hosts without any address are no front door, unless one could not be looked up."""
    reachable = any(host.addresses or host.missing for host in hosts)
    return Known.FOUND if reachable else Known.ABSENT


def _exchanges(named: list[tuple[int, Host]], mx: Remembered, state: Known) -> Iterator[Exchange]:
    """Where there is no front door, its MX hosts are evidence only, and no scanner's."""
    if state is Known.FOUND:
        for preference, host in named:
            scanner = host.scanners[0] if host.scanners else None
            yield Exchange(preference, host.name, host.addresses, scanner)
    elif mx.state is Known.FOUND:
        for preference, host in named:
            yield Exchange(preference, host.name)


def _networks(addresses: list[Address]) -> Networks:
    return Networks(ip_network(address) for address in addresses) if addresses else _NONE


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _all(sets: Iterable[Networks]) -> Networks:
    """One set of all; a single set stays the same object, so that doors share it."""
    some = tuple(dict.fromkeys(networks for networks in sets if networks))
    if len(some) <= 1:
        return some[0] if some else _NONE
    return _union(some)


@lru_cache(maxsize=64)
def _union(sets: tuple[Networks, ...]) -> Networks:
    return reduce(or_, sets)
