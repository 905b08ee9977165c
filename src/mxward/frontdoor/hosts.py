"""One mail host as the DNS knows it: its addresses, now and lately, and whose host it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mxward.frontdoor import records
from mxward.frontdoor.remember import Recall, cooling, led_to
from mxward.model import Kind, Question, Remembered, Scanner
from mxward.networks import Address

__all__ = ["MOST_ADDRESSES", "Host", "Scanners", "look_at", "questions", "scanners_of"]

Scanners = Mapping[str, Scanner]

MOST_ADDRESSES = 100
"""Addresses of one host and family that are looked at; of those it had lately, all."""


@dataclass(frozen=True, slots=True)
class Host:
    """What is known of a host."""

    name: str
    addresses: tuple[Address, ...]
    former: tuple[Address, ...]  # addresses that vanished within the cooling-off time
    scanners: tuple[str, ...]
    former_scanners: tuple[str, ...]  # those it was led to, or whose addresses it had
    missing: tuple[Question, ...]
    facts: tuple[Remembered, ...]


def questions(name: str) -> tuple[Question, Question]:
    """What must be asked about a host."""
    return Question(Kind.A, name), Question(Kind.AAAA, name)


def look_at(name: str, recall: Recall, scanners: Scanners, now: float) -> Host:
    """Gather what is known of a host. Never raises."""
    known = {question: recall(question) for question in questions(name)}
    facts = tuple(fact for fact in known.values() if fact)
    addresses = tuple(a for fact in facts for a in records.addresses(fact.values)[:MOST_ADDRESSES])
    names = [name, *(fact.canonical for fact in facts if fact.canonical)]
    vanished = tuple(value for fact in facts for value in cooling(fact.former, now))
    former = tuple(a for a in records.addresses(vanished) if a not in addresses)
    return Host(
        name=name,
        addresses=addresses,
        former=former,
        scanners=scanners_of(names, addresses, scanners),
        former_scanners=scanners_of(led_to(vanished), former, scanners) if vanished else (),
        missing=tuple(question for question, fact in known.items() if fact is None),
        facts=facts,
    )


def scanners_of(
    names: Iterable[str], addresses: Iterable[Address], scanners: Scanners
) -> tuple[str, ...]:
    """The scanners a host belongs to, the best match first.

    By its name, then by the name that CNAMEs lead to, the longest suffix first; where no name
    matches (the customer's own MX name), by an address inside the scanner's.
    """
    matched = [scanner for name in names for scanner in _by_name(name, scanners)]
    if matched:
        return tuple(dict.fromkeys(matched))
    found = tuple(addresses)
    return tuple(s.name for s in scanners.values() if any(a in s.addresses for a in found))


def _by_name(name: str, scanners: Scanners) -> list[str]:
    suffixes = [
        (len(suffix), scanner.name)
        for scanner in scanners.values()
        for suffix in scanner.mx
        if name == suffix or name.endswith(f".{suffix}")
    ]
    return [scanner for _, scanner in sorted(suffixes, key=lambda match: -match[0])]
