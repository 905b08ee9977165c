"""Every other name and address at which a mail server may answer for a domain.

Guessed names, the domain's own name, its SPF record, hosts of its MX that are no scanner's,
Microsoft 365's own name for it, and the mail servers that the configuration names: whoever scans
the internet, or remembers an old MX, finds those without any name. One name that nobody has shows a
wildcard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mxward.audit.front import Facts, Front, Part, addresses_in
from mxward.audit.guesses import endpoint
from mxward.audit.leads import Candidate, Lead, Name, Why, candidates
from mxward.audit.premises import Premises
from mxward.audit.spf_places import places
from mxward.model import Answer, Kind, Known, Question

__all__ = ["Candidates", "look", "names"]


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that is asked of one domain at once."""

    names: tuple[tuple[Lead, str, Question, Question], ...]
    policy: Question
    tenant: Question | None
    pinned: tuple[tuple[str, Question], ...]  # mail hosts, and their TLSA records

    def questions(self) -> Iterator[Question]:
        for _, _, v4, v6 in self.names:
            yield v4
            yield v6
        yield self.policy
        if self.tenant is not None:
            yield self.tenant
        for _, pin in self.pinned:
            yield pin


def look(domain: str, front: Front, facts: Facts, premises: Premises) -> Candidates:
    """Look at a domain that a scanner stands in front of. Never raises."""
    asked = _asked(domain, front, premises)
    spf = places(domain, facts, premises)
    asks = tuple(each for each in (*asked.questions(), *spf.asks) if each not in facts)
    if asks:
        return Candidates(asks=asks)
    names = [
        Name(lead, name, addresses_in(facts[v4], facts[v6])) for lead, name, v4, v6 in asked.names
    ]
    found = candidates(front, premises, names, spf)
    failed = [q for q in (*asked.questions(), *spf.failed) if facts[q].state is Known.FAILED]
    tenant = asked.tenant
    return Candidates(
        found=found,
        endpoint=tenant.name if tenant and facts[tenant].state is Known.FOUND else "",
        wildcard=any(each.addresses for each in names if each.lead.why is Why.WILDCARD),
        mta_sts=_is_policy(facts[asked.policy]),
        tlsa=tuple(_pinned(domain, asked, found, facts, premises)),
        dangling=(*_dangling(domain, asked, facts), *spf.dangling),
        spf_broken=spf.broken,
        failed=tuple(dict.fromkeys(failed)),
    )


def _asked(domain: str, front: Front, premises: Premises) -> _Asked:
    hosts = [host.name for host in front.hosts if host.part is Part.OWN]
    tenant = endpoint(domain)
    return _Asked(
        names=tuple(
            (lead, name, Question(Kind.A, name), Question(Kind.AAAA, name))
            for lead, name in names(domain, premises)
        ),
        policy=Question(Kind.TXT, f"_mta-sts.{domain}"),
        tenant=Question(Kind.A, tenant) if tenant else None,
        pinned=tuple(
            (host, Question(Kind.TLSA, f"_25._tcp.{host}"))
            for host in dict.fromkeys((*hosts, f"mail.{domain}"))
            if len(host) <= _LONGEST - len("_25._tcp.")
        ),
    )


_LONGEST = 253  # characters of a name


def names(domain: str, premises: Premises) -> Iterator[tuple[Lead, str]]:
    """The names that are asked for, the one that nobody has among them."""
    yield Lead(Why.APEX), domain
    if len(premises.label) + 1 + len(domain) <= _LONGEST:
        yield Lead(Why.WILDCARD), f"{premises.label}.{domain}"
    for label in premises.guesses:
        if len(label) + 1 + len(domain) <= _LONGEST:
            yield Lead(Why.GUESS, label), f"{label}.{domain}"


def _pinned(
    domain: str, asked: _Asked, found: Sequence[Candidate], facts: Facts, premises: Premises
) -> Iterator[str]:
    """The operator's own mail hosts whose certificate TLSA records pin (RFC 7672)."""
    for host, pin in asked.pinned:
        if facts[pin].state is Known.FOUND and (
            host != f"mail.{domain}" or _leads_home(found, premises)
        ):
            yield host


def _leads_home(found: Sequence[Candidate], premises: Premises) -> bool:
    """Whether `mail.` before the domain is a host of the operator's."""
    return any(
        lead.label == "mail" and lead.why is Why.GUESS
        for candidate in found
        if premises.is_mine(candidate.address)
        for lead in candidate.leads
    )


def _is_policy(answer: Answer) -> bool:
    """Whether there is exactly one record of MTA-STS (RFC 8461 3.1)."""
    firsts = (value.partition(";")[0].replace(" ", "") for value in answer.values)
    return sum(first == "v=STSv1" for first in firsts) == 1


def _dangling(domain: str, asked: _Asked, facts: Facts) -> Iterator[tuple[str, str]]:
    """Names whose CNAME leads to a name that does not exist: whoever makes that gets both."""
    gone: set[str] = set()
    for lead, name, v4, v6 in asked.names:
        canonical = facts[v4].canonical or facts[v6].canonical
        absent = facts[v4].state is Known.ABSENT and facts[v6].state is Known.ABSENT
        if canonical and absent and canonical not in gone:
            gone.add(canonical)
            yield f"*.{domain}" if lead.why is Why.WILDCARD else name, canonical
