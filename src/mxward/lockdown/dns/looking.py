"""One domain: which names lead to the mail server, and what else uses them.

What stands in front, the names that anybody would try and what the SPF record says are the audit's
(`survey`). Here come the records themselves, as they must be named to be changed: the zone they are
in, who serves it, whether a name is a CNAME, and what else names it. A zone file goes before what a
resolver says; where the two differ, nothing is planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from mxward.audit.candidates import names as tried
from mxward.audit.front import Facts, Part, Standing, addresses_in
from mxward.audit.leads import Why
from mxward.audit.premises import Premises
from mxward.audit.services import within
from mxward.audit.survey import Surveyed, survey
from mxward.domains import parents
from mxward.frontdoor.hosts import questions
from mxward.frontdoor.records import host
from mxward.lockdown.dns.looked import NO_FILES, Filed, Looked, Named, Pointing
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.texts import not_the_same, terms_in, txt_of
from mxward.lockdown.dns.uses import PORTS, SERVICES, uses_of, values_of
from mxward.model import Kind, Known, Question
from mxward.networks import Address

__all__ = ["look"]

_MOST_TERMS = 20  # of an SPF record that are looked at


def look(domain: str, facts: Facts, premises: Premises, filed: Filed = NO_FILES) -> Looked:
    """Look at a domain, as far as the facts go. Never raises."""
    found = survey(domain, facts, premises)
    if found.asks:
        return Looked(domain, asks=found.asks)
    own = tuple(h.name for h in found.hosts if h.part is Part.OWN or _has_mine(h.outside, premises))
    if own or found.standing is not Standing.FRONTED:
        return _not_fronted(found, own, facts, premises)
    names = tuple(_names(domain, facts, premises))
    asks = tuple(q for q in _further(domain, names, facts) if q not in facts)
    if asks:
        return Looked(domain, asks=asks)
    zone = next((z for z in (domain, *parents(domain)) if _found(facts, Kind.SOA, z)), "")
    if not zone:
        return Looked(domain, found.standing, why="its zone cannot be told", unsure=True)
    question = Question(Kind.NS, zone)
    if question not in facts:
        return Looked(domain, asks=(question,))
    return _looked(found, zone, names, facts, filed, premises)


def _has_mine(addresses: Iterable[Address], premises: Premises) -> bool:
    return any(address in premises.servers for address in addresses)


def _not_fronted(found: Surveyed, own: tuple[str, ...], facts: Facts, premises: Premises) -> Looked:
    """Its SPF record is still of interest: it may name what other domains would drop."""
    text = Question(Kind.TXT, found.domain)
    terms = terms_in(values_of(facts, Kind.TXT, found.domain), found.domain)[:_MOST_TERMS]
    asks = [text, *(question for name in terms for question in questions(name))]
    if wanted := tuple(question for question in asks if question not in facts):
        return Looked(found.domain, asks=wanted)
    why = {
        Standing.FRONTED: "the mail server is among its MX, beside a scanner",
        Standing.OWN: "its MX is the mail server itself",
        Standing.ELSEWHERE: "no scanner stands in front of it",
        Standing.UNKNOWN: "what stands in front cannot be looked up",
    }.get(found.standing, "it takes no mail")
    return Looked(
        found.domain,
        Standing.OWN if own else found.standing,
        exchanges=tuple(_named(name, facts) for name in own),
        spf=tuple(_leading_home(terms, facts, premises)),
        why=why,
        unsure=found.standing is Standing.UNKNOWN,
    )


class _Name(NamedTuple):
    label: str
    asked: str  # the name that was asked for: of a wildcard, one that nobody has
    addresses: tuple[Address, ...]
    canonical: str


def _names(domain: str, facts: Facts, premises: Premises) -> Iterator[_Name]:
    """The names that lead to the mail server, a wildcard once."""
    wild: frozenset[Address] = frozenset()
    alias = ""  # of the wildcard: who has another is no part of it
    for lead, name in tried(domain, premises):
        v4, v6 = facts[Question(Kind.A, name)], facts[Question(Kind.AAAA, name)]
        every, canonical = addresses_in(v4, v6), v4.canonical or v6.canonical
        if lead.why is Why.WILDCARD:
            wild, alias = frozenset(every), canonical
        elif lead.why is Why.GUESS and wild.issuperset(every) and canonical == alias:
            continue
        mine = tuple(a for a in every if a in premises.servers)
        if mine:
            label = "*" if lead.why is Why.WILDCARD else lead.label
            yield _Name(label, name, mine, canonical)


def _further(domain: str, names: tuple[_Name, ...], facts: Facts) -> Iterator[Question]:
    yield Question(Kind.TXT, domain)
    for zone in (domain, *parents(domain)):
        if "." not in zone and zone != domain:
            break
        yield Question(Kind.SOA, zone)
        if facts.get(Question(Kind.SOA, zone)) is None or _found(facts, Kind.SOA, zone):
            break
    for each in names:
        if each.canonical:
            yield Question(Kind.CNAME, each.asked)
        elif each.label != "*":
            yield from _pins(each.asked)
    if names:
        yield Question(Kind.CAA, domain)
        yield from (Question(Kind.SRV, f"_{service}._tcp.{domain}") for service in SERVICES)


def _pins(name: str) -> Iterator[Question]:
    for port in PORTS:
        if len(name) < 240:
            yield Question(Kind.TLSA, f"_{port}._tcp.{name}")


def _found(facts: Facts, kind: Kind, name: str) -> bool:
    """Whether there are such records at the name itself."""
    answer = facts.get(Question(kind, name))
    return answer is not None and answer.state is Known.FOUND and not answer.canonical


def _looked(
    found: Surveyed,
    zone: str,
    names: tuple[_Name, ...],
    facts: Facts,
    filed: Filed,
    premises: Premises,
) -> Looked:
    domain = found.domain
    servers = tuple(sorted(filter(None, map(host, values_of(facts, Kind.NS, zone)))))
    lost = [q for q in found.failed if _matters(q, domain)]
    lost += [q for q in _further(domain, names, facts) if facts[q].state is Known.FAILED]
    terms = terms_in(values_of(facts, Kind.TXT, domain), domain)
    told = Looked(domain, found.standing, zone, servers, found.scanners)
    told = replace(told, spf=tuple(_leading_home(terms, facts, premises)))
    if lost:
        why = f"{lost[0].kind} {lost[0].name} cannot be looked up"
        return replace(told, why=why, unsure=True)
    try:
        pointing = tuple(_pointing(each, domain, zone, facts, filed) for each in names)
        txt = txt_of(domain, zone, facts, filed)
    except ValueError as error:
        return replace(told, why=str(error), unsure=True)
    pins = {v for each in names for v in values_of(facts, Kind.TLSA, f"_25._tcp.{each.asked}")}
    return replace(
        told,
        pointing=pointing,
        txt=txt,
        uses=tuple(uses_of(found, pointing, servers, facts)),
        pins=tuple(sorted(pins)),
    )


def _leading_home(names: Iterable[str], facts: Facts, premises: Premises) -> Iterator[Named]:
    """Those that lead to the mail server, or may, for all that is known."""
    for name in names:
        answers = [facts.get(question) for question in questions(name)]
        lost = any(answer is None or answer.state is Known.FAILED for answer in answers)
        if lost or _has_mine(addresses_in(*answers), premises):
            yield _named(name, facts)


def _named(name: str, facts: Facts) -> Named:
    answers = (facts.get(question) for question in questions(name))
    return Named(name, next((a.canonical for a in answers if a and a.canonical), name))


def _matters(question: Question, domain: str) -> bool:
    """Whether nothing can be planned without an answer: not for names of other people."""
    return question.kind in (Kind.A, Kind.AAAA, Kind.TXT) and within(question.name, domain)


def _pointing(each: _Name, domain: str, zone: str, facts: Facts, filed: Filed) -> Pointing:
    """Raises ValueError where the zone's file says another thing."""
    name = f"*.{domain}" if each.label == "*" else each.asked
    kinds = (Kind.CNAME,) if each.canonical else (Kind.A, Kind.AAAA)
    found = []
    for kind in kinds:
        answer = facts[Question(kind, each.asked)]
        values = tuple(sorted(answer.values)) if answer.state is Known.FOUND else ()
        told = Records(name, kind.value, int(answer.ttl), values)
        found.append(_agreed(told, filed(zone, name, kind.value), zone))
    records = tuple(r for r in found if r.values)
    return Pointing(each.label, name, records, each.addresses, each.canonical)


def _agreed(told: Records, written: Records | None, zone: str) -> Records:
    """What the file says: how long records last is only there."""
    if written is None:
        return told
    if written.values != told.values:
        raise ValueError(not_the_same(zone, told.kind, told.name))
    return written
