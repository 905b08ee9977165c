"""A domain's MX, whose hosts these are, and what that makes of the domain.

A host is a scanner's by its name or the name that CNAMEs lead to (declared ones first, then the
catalogue), else by its addresses; else it is the operator's own by its addresses. Supported: null
MX (RFC 7505), implicit MX (RFC 5321 5.1). An MX value that names no host, an address literal for
one, is kept as `broken`; of very many hosts the best are looked at, and the others counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from mxward.audit.premises import Premises
from mxward.audit.services import Nature
from mxward.frontdoor import records
from mxward.frontdoor.hosts import MOST_ADDRESSES, questions
from mxward.model import Answer, Kind, Known, Question
from mxward.networks import Address, Networks

__all__ = ["Facts", "Front", "Host", "Part", "Standing", "addresses_in", "addresses_of", "look"]

Facts = Mapping[Question, Answer]
"""What the DNS has answered so far; a question that is not there was not asked."""


class Standing(StrEnum):
    """What stands in front of a domain."""

    FRONTED = "fronted"  # a scanner: only here is there anything to pass by
    OWN = "own"  # the operator's own server
    ELSEWHERE = "elsewhere"  # other hosts, none of them a scanner's
    NONE = "none"  # it takes no mail: no such domain, a null MX, hosts without an address
    UNKNOWN = "unknown"  # it could not be looked up


class Part(StrEnum):
    """What a host of an MX is."""

    SCANNER = "scanner"
    MAILBOXES = "mailboxes"
    ROUTING = "routing"
    OWN = "own"
    OTHER = "other"
    ABSENT = "absent"  # it has no address
    UNKNOWN = "unknown"  # its addresses could not be looked up


@dataclass(frozen=True, slots=True)
class Host:
    """A host of an MX. `outside`: addresses that are not the scanner's, though the host is."""

    preference: int
    name: str
    addresses: tuple[Address, ...] = ()
    part: Part = Part.OTHER
    service: str = ""  # the declared scanner, or the service of the catalogue
    declared: bool = False
    outside: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Front:
    """What is known of a domain's MX, and what must be asked to know more."""

    standing: Standing
    hosts: tuple[Host, ...] = ()
    asks: tuple[Question, ...] = ()
    broken: tuple[str, ...] = ()  # MX values that name no host
    more: int = 0  # hosts that were not looked at
    failed: tuple[Question, ...] = ()

    @property
    def scanners(self) -> tuple[str, ...]:
        """Whose hosts stand in front, the best first."""
        return tuple(dict.fromkeys(h.service for h in self.hosts if h.part is Part.SCANNER))


def look(domain: str, facts: Facts, premises: Premises) -> Front:
    """Look at a domain's MX, as far as the facts go. Never raises."""
    question = Question(Kind.MX, domain)
    mx = facts.get(question)
    if mx is None:
        return Front(Standing.UNKNOWN, asks=(question,))
    if mx.state not in (Known.FOUND, Known.ABSENT):
        return Front(Standing.UNKNOWN, failed=(question,))
    if mx.values == records.NULL_MX:
        return Front(Standing.NONE)
    named = records.exchanges(mx.values) if mx.state is Known.FOUND else ((0, domain),)
    wanted = tuple(each for _, name in named for each in questions(name))
    asks = tuple(each for each in wanted if each not in facts)
    if asks:
        return Front(Standing.UNKNOWN, asks=asks)
    hosts = tuple(_host(preference, name, facts, premises) for preference, name in named)
    failed = tuple(each for each in wanted if facts[each].state is Known.FAILED)
    broken, more = _unusable(mx.values)
    return Front(_standing(hosts, failed), hosts, (), broken, more, failed)


def addresses_of(name: str, facts: Facts) -> tuple[Address, ...]:
    """The addresses of a name, as far as they were answered; a bounded number of each family."""
    return addresses_in(*(facts.get(question) for question in questions(name)))


def addresses_in(*answers: Answer | None) -> tuple[Address, ...]:
    """The addresses in answers, a bounded number of each, in order."""
    found: list[Address] = []
    for answer in answers:
        if answer is not None and answer.state is Known.FOUND:
            found += sorted(records.addresses(answer.values)[:MOST_ADDRESSES], key=int)
    return tuple(found)


def _host(preference: int, name: str, facts: Facts, premises: Premises) -> Host:
    addresses = addresses_of(name, facts)
    if not addresses:
        lost = any(facts[each].state is Known.FAILED for each in questions(name))
        return Host(preference, name, part=Part.UNKNOWN if lost else Part.ABSENT)
    answers = [facts[each] for each in questions(name)]
    names = tuple(dict.fromkeys([name, *(a.canonical for a in answers if a.canonical)]))
    return _classified(Host(preference, name, addresses), names, premises)


def _classified(host: Host, names: tuple[str, ...], premises: Premises) -> Host:
    """Whose host it is: by name, then by address."""
    declared = premises.declared(names, ())
    if declared is not None:
        outside = tuple(
            a for a in host.addresses if a in premises.servers and a not in declared.addresses
        )
        part = Part.SCANNER if len(outside) < len(host.addresses) else Part.OWN
        return _as(host, part, declared.name, declared=True, outside=outside)
    for name in names:
        service = premises.services.by_host(name)
        if service is not None:
            return _as(host, Part(service.nature.value), service.name)
    return _by_address(host, premises)


def _by_address(host: Host, premises: Premises) -> Host:
    """The customer's own name may hide a service, and lead elsewhere as well."""
    declared = premises.declared((), host.addresses)
    if declared is not None:
        place = declared.addresses
        return _as(
            host,
            Part.SCANNER,
            declared.name,
            declared=True,
            outside=_without(host.addresses, place),
        )
    mine = [address for address in host.addresses if premises.is_mine(address)]
    found = (premises.services.by_address(a) for a in host.addresses if a not in mine)
    service = next((each for each in found if each is not None), None)
    if service is not None:
        place = premises.services.networks(service.name)
        known = service.nature is Nature.SCANNER
        outside = _without(host.addresses, place) if known else ()
        return _as(host, Part(service.nature.value), service.name, outside=outside)
    return _as(host, Part.OWN if mine else Part.OTHER, "")


def _without(addresses: tuple[Address, ...], place: Networks) -> tuple[Address, ...]:
    return tuple(address for address in addresses if address not in place)


def _as(
    host: Host,
    part: Part,
    service: str,
    *,
    declared: bool = False,
    outside: tuple[Address, ...] = (),
) -> Host:
    return Host(host.preference, host.name, host.addresses, part, service, declared, outside)


def _standing(hosts: tuple[Host, ...], failed: tuple[Question, ...]) -> Standing:
    parts = {host.part for host in hosts}
    if Part.SCANNER in parts:
        return Standing.FRONTED
    if failed:
        return Standing.UNKNOWN
    if Part.OWN in parts:
        return Standing.OWN
    return Standing.ELSEWHERE if parts - {Part.ABSENT} else Standing.NONE


@lru_cache(maxsize=1024)
def _unusable(values: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """The values that name no host, and how many hosts were not looked at."""
    broken = tuple(sorted(v for v in values if v != records.NULL_MX[0] and not _names_host(v)))
    hosts = {value.split(" ")[1] for value in values if _names_host(value)}
    return broken, max(len(hosts) - records.MOST_EXCHANGES, 0)


def _names_host(value: str) -> bool:
    return bool(records.exchanges((value,)))
