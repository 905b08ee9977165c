"""Every other name and address at which a mail server may answer for a domain.

Guessed names, the domain's own name, its SPF record, hosts of its MX that are no scanner's,
Microsoft 365's own name for it, and the mail servers that the configuration names: whoever scans
the internet, or remembers an old MX, finds those without any name. One name that nobody has shows a
wildcard: what it leads to is told once, not for each guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mxward.audit.front import Facts, Front, Part, addresses_of
from mxward.audit.guesses import endpoint
from mxward.audit.premises import Premises
from mxward.audit.spf_places import Places, places
from mxward.frontdoor.hosts import questions
from mxward.model import Kind, Known, Question
from mxward.networks import Address, Networks

__all__ = ["Candidate", "Candidates", "Lead", "Why", "look"]


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


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is known of a domain behind a scanner, and what must be asked to know more."""

    found: tuple[Candidate, ...] = ()
    asks: tuple[Question, ...] = ()
    endpoint: str = ""  # Microsoft 365's name for the domain, where there is one
    wildcard: bool = False
    mta_sts: bool = False
    tlsa: tuple[str, ...] = ()  # hosts with TLSA records
    dangling: tuple[tuple[str, str], ...] = ()  # a name or term, and the name that is gone
    spf_broken: str = ""
    failed: tuple[Question, ...] = ()


def look(domain: str, front: Front, facts: Facts, premises: Premises) -> Candidates:
    """Look at a domain that a scanner stands in front of. Never raises."""
    spf = places(domain, facts, premises)
    names = list(_names(domain, premises))
    first = [q for _, name in names for q in questions(name)]
    tenant = endpoint(domain)
    policy = Question(Kind.TXT, f"_mta-sts.{domain}")
    first += [policy, *([Question(Kind.A, tenant)] if tenant else []), *spf.asks]
    asks = tuple(question for question in first if question not in facts)
    if asks:
        return Candidates(asks=asks)
    return _known(domain, front, facts, premises, names, spf, first)


def _known(
    domain: str,
    front: Front,
    facts: Facts,
    premises: Premises,
    names: list[tuple[Lead, str]],
    spf: Places,
    first: list[Question],
) -> Candidates:
    leads = _leads(domain, front, facts, premises, names, spf)
    pinned = [_tlsa(host) for host in _mail_hosts(domain, front, leads, premises)]
    asks = tuple(question for question in pinned if question not in facts)
    tenant = endpoint(domain)
    every = [*first, *pinned, *spf.failed]
    failed = (q for q in every if q in facts and facts[q].state is Known.FAILED)
    return Candidates(
        found=tuple(Candidate(a, tuple(sorted(leads[a], key=_rank))) for a in _sorted(leads)),
        asks=asks,
        endpoint=tenant if tenant and _is_found(Question(Kind.A, tenant), facts) else "",
        wildcard=bool(_wild(domain, facts, premises)),
        mta_sts=_has_policy(domain, facts),
        tlsa=tuple(q.name.split(".", 2)[2] for q in pinned if _is_found(q, facts)),
        dangling=(*_dangling(names, facts), *spf.dangling),
        spf_broken=spf.broken,
        failed=tuple(dict.fromkeys(failed)),
    )


def _names(domain: str, premises: Premises) -> Iterator[tuple[Lead, str]]:
    """The names that are asked for, the one that nobody has among them."""
    yield Lead(Why.APEX), domain
    for label in (premises.label, *premises.guesses):
        name = f"{label}.{domain}"
        if len(name) <= 253:
            why = Why.WILDCARD if label == premises.label else Why.GUESS
            yield Lead(why, "" if why is Why.WILDCARD else label), name


def _leads(
    domain: str,
    front: Front,
    facts: Facts,
    premises: Premises,
    names: list[tuple[Lead, str]],
    spf: Places,
) -> dict[Address, set[Lead]]:
    found: dict[Address, set[Lead]] = {}
    welcome = _welcome(front, premises)
    hers = frozenset(a for h in front.hosts if h.part is Part.SCANNER for a in h.addresses)
    outside = frozenset(a for host in front.hosts for a in host.outside)

    def add(addresses: Iterable[Address], lead: Lead) -> None:
        for address in addresses:
            strange = _unreachable(address) and not premises.is_mine(address)
            in_front = address in outside or (address not in hers and address not in welcome)
            if in_front and not strange:
                found.setdefault(address, set()).add(lead)

    wild = frozenset(_wild(domain, facts, premises))
    for lead, name in names:
        here = addresses_of(name, facts)
        by_wildcard = lead.why is Why.GUESS and wild and wild.issuperset(here)
        if not by_wildcard:
            add(here, lead)
    for host in front.hosts:
        by_itself = host.part in (Part.OWN, Part.OTHER, Part.MAILBOXES, Part.ROUTING)
        add(host.addresses if by_itself else host.outside, Lead(Why.MX, host.name))
    for address, term in spf.addresses.items():
        add([address], Lead(Why.SPF, term))
    add(premises.named, Lead(Why.NAMED))
    return found


def _welcome(front: Front, premises: Premises) -> Networks:
    place = Networks()
    for scanner in front.scanners:
        place |= premises.place_of(scanner)
    return place


def _wild(domain: str, facts: Facts, premises: Premises) -> tuple[Address, ...]:
    """What a name that nobody has leads to."""
    return addresses_of(f"{premises.label}.{domain}", facts)


def _unreachable(address: Address) -> bool:
    """Whether nobody else can connect there: it is no door for strangers."""
    return (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_link_local
    )


def _mail_hosts(
    domain: str, front: Front, leads: dict[Address, set[Lead]], premises: Premises
) -> list[str]:
    """The operator's own hosts that a sender may look for TLSA records of (RFC 7672)."""
    hosts = [host.name for host in front.hosts if host.part is Part.OWN]
    guessed = {lead.label for a, some in leads.items() if premises.is_mine(a) for lead in some}
    if "mail" in guessed:
        hosts.append(f"mail.{domain}")
    return list(dict.fromkeys(hosts))


def _tlsa(host: str) -> Question:
    return Question(Kind.TLSA, f"_25._tcp.{host}")


def _is_found(question: Question, facts: Facts) -> bool:
    answer = facts.get(question)
    return answer is not None and answer.state is Known.FOUND


def _has_policy(domain: str, facts: Facts) -> bool:
    """Whether there is exactly one record of MTA-STS (RFC 8461 3.1)."""
    values = facts[Question(Kind.TXT, f"_mta-sts.{domain}")].values
    firsts = (value.partition(";")[0].replace(" ", "") for value in values)
    return sum(first == "v=STSv1" for first in firsts) == 1


def _dangling(names: list[tuple[Lead, str]], facts: Facts) -> Iterator[tuple[str, str]]:
    """Names whose CNAME leads to a name that does not exist: whoever makes that gets both."""
    gone: dict[str, str] = {}
    for lead, name in names:
        answers = [facts[question] for question in questions(name)]
        canonical = next((a.canonical for a in answers if a.canonical), "")
        absent = all(answer.state is Known.ABSENT for answer in answers)
        if canonical and absent and canonical not in gone.values():
            gone[f"*.{name.partition('.')[2]}" if lead.why is Why.WILDCARD else name] = canonical
    yield from gone.items()


def _rank(lead: Lead) -> tuple[int, str]:
    return list(Why).index(lead.why), lead.label


def _sorted(addresses: Iterable[Address]) -> list[Address]:
    return sorted(addresses, key=lambda a: (a.version, int(a)))
