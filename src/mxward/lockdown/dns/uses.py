"""One domain: which names lead to the mail server, and what else uses them.

What stands in front, the names that anybody would try and what the SPF record says are the audit's
(`survey`). Here come the records themselves, as they must be named to be changed: the zone they are
in, who serves it, whether a name is a CNAME, and what else names it. A zone file goes before what a
resolver says; where the two differ, nothing is planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from mxward.audit.candidates import names as tried
from mxward.audit.front import Facts, Part, Standing, addresses_in
from mxward.audit.leads import Why
from mxward.audit.premises import Premises
from mxward.audit.services import within
from mxward.audit.survey import Surveyed, survey
from mxward.domains import parents
from mxward.frontdoor import spf
from mxward.frontdoor.hosts import questions
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.spelling import quoted, unquoted
from mxward.model import Answer, Kind, Known, Question
from mxward.networks import Address

__all__ = [
    "NO_FILES",
    "Filed",
    "Looked",
    "Pointing",
    "Use",
    "What",
    "exactly",
    "look",
    "terms_in",
    "texts_in",
]

Filed = Callable[[str, str, str], Records | None]
"""The records of a zone, a name and a type, where there is a file of the zone. No values: the file
has none. None: there is no file."""

SERVICES = ("imap", "imaps", "pop3", "pop3s", "submission", "submissions", "autodiscover")
"""What SRV records lead mail programs to (RFC 6186, RFC 8314; autodiscover is Microsoft's)."""

_MOST_TERMS = 20  # of an SPF record that are looked at
_PORTS = (25, 443)  # whose TLSA records are asked for


class What(StrEnum):
    """What else uses a name or a record."""

    MX = "mx"
    NS = "ns"
    SRV = "srv"
    SPF = "spf"
    TLSA = "tlsa"
    MTA_STS = "mta-sts"
    CAA = "caa"
    CERTIFICATE = "certificate"
    WEB = "web"
    CLIENTS = "clients"  # mail programs, by what such a name is there for
    OTHER = "other"


class Use(NamedTuple):
    """One use of a name, in a few words for people."""

    what: What
    name: str
    text: str


class Pointing(NamedTuple):
    """A name that leads to the mail server. `label` is "" for the domain itself, `*` for any."""

    label: str
    name: str
    records: tuple[Records, ...]  # what stands at the name itself: A and AAAA, or CNAME
    addresses: tuple[Address, ...]  # of the mail server
    target: str = ""  # where its CNAMEs lead


class Named(NamedTuple):
    """A name that a record names, and where its CNAMEs lead: to itself where there is none."""

    name: str
    leads: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a domain. `why` says why nothing is planned for it; `asks` what to ask."""

    domain: str
    standing: Standing = Standing.UNKNOWN
    zone: str = ""
    servers: tuple[str, ...] = ()  # the zone's name servers
    scanners: tuple[str, ...] = ()
    pointing: tuple[Pointing, ...] = ()
    exchanges: tuple[Named, ...] = ()  # hosts of its MX that are the operator's own
    txt: Records | None = None  # of the domain itself, all that can be written exactly
    spf: tuple[
        Named, ...
    ] = ()  # names in its SPF record that lead, or may lead, to the mail server
    uses: tuple[Use, ...] = ()
    pins: tuple[str, ...] = ()  # TLSA values of port 25 at names that lead to the mail server
    why: str = ""
    unsure: bool = False  # it may be otherwise the next time
    asks: tuple[Question, ...] = ()


def NO_FILES(zone: str, name: str, kind: str) -> Records | None:  # noqa: N802 - a constant of sorts
    """There are no zone files."""
    return None


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
    terms = terms_in(_values(facts, Kind.TXT, found.domain), found.domain)[:_MOST_TERMS]
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
    for port in _PORTS:
        if len(name) < 240:
            yield Question(Kind.TLSA, f"_{port}._tcp.{name}")


def _found(facts: Facts, kind: Kind, name: str) -> bool:
    """Whether there are such records at the name itself."""
    answer = facts.get(Question(kind, name))
    return answer is not None and answer.state is Known.FOUND and not answer.canonical


def _values(facts: Facts, kind: Kind, name: str) -> tuple[str, ...]:
    answer = facts.get(Question(kind, name))
    return answer.values if answer is not None and answer.state is Known.FOUND else ()


def _looked(
    found: Surveyed,
    zone: str,
    names: tuple[_Name, ...],
    facts: Facts,
    filed: Filed,
    premises: Premises,
) -> Looked:
    domain = found.domain
    servers = tuple(sorted(_values(facts, Kind.NS, zone)))
    lost = [q for q in found.failed if _matters(q, domain)]
    lost += [q for q in _further(domain, names, facts) if facts[q].state is Known.FAILED]
    terms = terms_in(_values(facts, Kind.TXT, domain), domain)
    told = Looked(domain, found.standing, zone, servers, found.scanners)
    told = replace(told, spf=tuple(_leading_home(terms, facts, premises)))
    if lost:
        why = f"{lost[0].kind} {lost[0].name} cannot be looked up"
        return replace(told, why=why, unsure=True)
    try:
        pointing = tuple(_pointing(each, domain, zone, facts, filed) for each in names)
        txt = _txt(domain, zone, facts, filed)
    except ValueError as error:
        return replace(told, why=str(error), unsure=True)
    pins = {v for each in names for v in _values(facts, Kind.TLSA, f"_25._tcp.{each.asked}")}
    return replace(
        told,
        pointing=pointing,
        txt=txt,
        uses=tuple(_uses(found, pointing, servers, facts)),
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
        raise ValueError(_not_the_same(zone, told.kind, told.name))
    return written


def _txt(domain: str, zone: str, facts: Facts, filed: Filed) -> Records | None:
    """All TXT records of the domain, where each can be told exactly.

    An answer as `Answer` has it loses where a text of more than 255 octets is cut, and what is not
    ASCII: then it must be asked for in another way.
    """
    answer = facts[Question(Kind.TXT, domain)]
    written = filed(zone, domain, "TXT")
    if written is not None:
        if sorted(map(_as_answered, written.values)) != sorted(texts_in(answer)):
            raise ValueError(_not_the_same(zone, "TXT", domain))
        return written
    return exactly(domain, answer)


def texts_in(answer: Answer) -> tuple[str, ...]:
    """The TXT values of the very name that was asked for."""
    return answer.values if answer.state is Known.FOUND and not answer.canonical else ()


def exactly(name: str, answer: Answer) -> Records | None:
    """All TXT records of a name out of an answer; None where one cannot be told from it."""
    texts = texts_in(answer)
    if any(len(text) > 255 or "\\" in text for text in texts):
        return None
    return Records(name, "TXT", int(answer.ttl), tuple(sorted(map(quoted, texts))))


def _not_the_same(zone: str, kind: str, name: str) -> str:
    return (
        f"the DNS and the file of {zone} say not the same of {kind} {name} "
        "(the resolver may still remember what was)"
    )


def _as_answered(value: str) -> str:
    return unquoted(value).encode("latin-1").decode("ascii", "backslashreplace")


def terms_in(values: tuple[str, ...], domain: str) -> tuple[str, ...]:
    """The names that `a` terms of the SPF record name."""
    return tuple(dict.fromkeys(h.name for h in spf.read(values, domain).hosts if h.kind is Kind.A))


def _uses(
    found: Surveyed, pointing: tuple[Pointing, ...], servers: tuple[str, ...], facts: Facts
) -> Iterator[Use]:
    domain = found.domain
    names = {each.name for each in pointing}
    for server in servers:
        if server in names:
            yield Use(What.NS, server, f"{server} is a name server of the zone")
    for host in found.hosts:
        if host.name in names:
            yield Use(What.MX, host.name, f"the MX of {domain} names {host.name}")
    for service in SERVICES if pointing else ():
        for value in _values(facts, Kind.SRV, f"_{service}._tcp.{domain}"):
            target = value.rpartition(" ")[2]
            if target in names:
                yield Use(What.SRV, target, f"_{service}._tcp.{domain} (SRV) names {target}")
    for each in pointing:
        for port in _PORTS:
            if _values(facts, Kind.TLSA, f"_{port}._tcp.{each.name}"):
                text = f"_{port}._tcp.{each.name} has TLSA records, which stay and mean nothing"
                yield Use(What.TLSA, each.name, text)
    if found.mta_sts and pointing:
        text = f"{domain} has an MTA-STS policy: see that it names none of these"
        yield Use(What.MTA_STS, domain, text)
    if pointing and _values(facts, Kind.CAA, domain):
        text = f"{domain} has CAA records: for a name that is gone no certificate is had by HTTP"
        yield Use(What.CAA, domain, text)
