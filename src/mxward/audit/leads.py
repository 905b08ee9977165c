"""The ways to a server that anybody could try, and the addresses that they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from mxward.audit.front import Front, Part
from mxward.audit.premises import Premises
from mxward.audit.spf_places import Places
from mxward.networks import Address, Networks

__all__ = ["Candidate", "Lead", "Name", "Why", "candidates"]


class Why(StrEnum):
    """Why somebody would try a server."""

    MX = "mx"  # a host of the domain's MX that is no scanner's
    APEX = "apex"  # the domain's own name
    GUESS = "guess"  # a name that anybody would try
    WILDCARD = "wildcard"  # any name at all
    SPF = "spf"  # the domain's own SPF record names it
    NAMED = "named"  # the configuration names it as a mail server
    ENDPOINT = "endpoint"  # Microsoft 365's own name for the domain


class Lead(NamedTuple):
    """One way to a server. `label`: what stands before the domain, a host, an SPF term."""

    why: Why
    label: str = ""

    def told(self, domain: str) -> str:
        """For people: the whole name, or the record."""
        match self.why:
            case Why.GUESS:
                return f"{self.label}.{domain}"
            case Why.APEX:
                return domain
            case Why.WILDCARD:
                return f"*.{domain}"
            case Why.NAMED:
                return "the configuration"
            case Why.MX:
                return f"MX {self.label}"
            case Why.SPF:
                return f"SPF {self.label}"
        return self.label


class Candidate(NamedTuple):
    """An address, and the ways that lead there."""

    address: Address
    leads: tuple[Lead, ...]


class Name(NamedTuple):
    """A name that was asked for, and what it leads to."""

    lead: Lead
    name: str
    addresses: tuple[Address, ...]


_RANKS = {why: rank for rank, why in enumerate(Why)}


def candidates(
    front: Front, premises: Premises, names: Sequence[Name], spf: Places
) -> tuple[Candidate, ...]:
    """All addresses that are not the front door's, in order, each with all ways there.

    What a wildcard leads to is told once, not for each guess. Where nobody else can connect, there
    is no door for strangers, unless it is the operator's own.
    """
    found: dict[Address, set[Lead]] = {}
    wild = frozenset(a for each in names if each.lead.why is Why.WILDCARD for a in each.addresses)
    for lead, _, here in names:
        if here and not (lead.why is Why.GUESS and wild.issuperset(here)):
            _add(found, here, lead)
    for host in front.hosts:
        by_itself = host.part in (Part.OWN, Part.OTHER, Part.MAILBOXES, Part.ROUTING)
        _add(found, host.addresses if by_itself else host.outside, Lead(Why.MX, host.name))
    for address, term in spf.addresses.items():
        _add(found, [address], Lead(Why.SPF, term))
    _add(found, premises.named, Lead(Why.NAMED))
    return tuple(
        Candidate(address, tuple(sorted(found[address], key=_rank)))
        for address in sorted(_past(front, found, premises), key=lambda a: (a.version, int(a)))
    )


def _add(found: dict[Address, set[Lead]], addresses: Iterable[Address], lead: Lead) -> None:
    for address in addresses:
        found.setdefault(address, set()).add(lead)


def _past(front: Front, addresses: Iterable[Address], premises: Premises) -> Iterable[Address]:
    """Those by which one passes the scanner."""
    welcome: list[Networks] = [premises.place_of(scanner) for scanner in front.scanners]
    scanners = frozenset(a for h in front.hosts if h.part is Part.SCANNER for a in h.addresses)
    outside = frozenset(a for host in front.hosts for a in host.outside)
    for address in addresses:
        in_front = address in scanners or any(address in place for place in welcome)
        strange = _unreachable(address) and not premises.is_mine(address)
        if (address in outside or not in_front) and not strange:
            yield address


def _unreachable(address: Address) -> bool:
    """Whether nobody else can connect there."""
    return (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_link_local
    )


def _rank(lead: Lead) -> tuple[int, str]:
    return _RANKS[lead.why], lead.label
