"""Lists of domains that a person gives, and those in them that cannot be audited.

Guessing names below `co.za` or `com` would be guessing other people's hosts, so a name that nobody
could have registered is left out and named, as is whatever is no domain. Not supported: the whole
list of public suffixes; what is told here are single labels, names that the DNS keeps for special
uses (RFC 6761), reverse zones, and the common second levels of countries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mxward import domains

__all__ = ["Listing", "listing", "unregistrable"]

_SPECIAL = frozenset({"invalid", "localhost", "local", "onion", "internal", "alt", "arpa"})
_SECOND_LEVEL = re.compile(r"(ac|co|com|edu|gov|net|org|mil|gob|or|ne|go)\.[a-z]{2}")
_MOST_REFUSED = 1_000


@dataclass(slots=True)
class Listing:
    """The domains, each once, in the order in which they were given."""

    domains: dict[str, None] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # place, text, why
    left_out: int = 0  # refused, and not kept
    twice: int = 0

    def add(self, text: str, place: str) -> None:
        """One entry; `place` names it where it cannot be used."""
        entry = text.partition("#")[0].split()
        if not entry:
            return
        name = entry[0].partition(":")[0]
        try:
            found = domains.normal(name)
        except ValueError:
            self._refuse(place, name, _why_not(name))
            return
        why = unregistrable(found)
        if why:
            self._refuse(place, name, why)
        elif found in self.domains:
            self.twice += 1
        else:
            self.domains[found] = None

    def _refuse(self, place: str, text: str, why: str) -> None:
        if len(self.refused) < _MOST_REFUSED:
            self.refused.append((place, text[:80], why))
        else:
            self.left_out += 1


def listing(entries: Iterable[tuple[str, str]]) -> Listing:
    """A list out of (text, place)."""
    found = Listing()
    for text, place in entries:
        found.add(text, place)
    return found


def _why_not(name: str) -> str:
    if name.startswith(("*", ".")):
        return "names below a domain cannot be listed from outside; give each"
    if "@" in name:
        return f"is a mailbox; write {name.rpartition('@')[2][:80]}"
    return "is no domain name"


def unregistrable(domain: str) -> str:
    """Why nobody could have registered a domain; "" where somebody could."""
    labels = domain.split(".")
    if len(labels) == 1:
        return "is a single label: names below it are other people's"
    if labels[-1] in _SPECIAL:
        return f"is below {labels[-1]}, which nobody can register"
    if _SECOND_LEVEL.fullmatch(domain):
        return "is a public suffix: names below it are other people's"
    return ""
