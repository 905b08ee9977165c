"""Domains for which the same rule holds, under a name that stays while its networks move.

A few scanners front thousands of domains, so there are few groups. A group is told from others by
what stands in front and who is trusted, not by what is done with strangers: each domain has its own
verdict.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mxward.lockdown.sealing import Sealed, Verdict
from mxward.networks import Network, Networks, collapsed

__all__ = ["Group", "grouped"]

_Nets = tuple[Network, ...]
_Key = tuple[tuple[str, ...], tuple[str, ...], _Nets, _Nets]
_NO_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Group:
    """One set of networks, and the domains whose mail is taken from there.

    `name` is made of letters, digits and underscores, begins with a letter and has at most 46
    characters: it can stand in any file, and be the name of one.
    """

    name: str
    scanners: tuple[str, ...]
    exchanges: tuple[str, ...]
    welcome: tuple[Network, ...]  # the front door; in order, without overlaps
    trusted: tuple[Network, ...]
    domains: Mapping[str, Verdict]

    @property
    def networks(self) -> tuple[Network, ...]:
        """All that mail is taken from; in order, without overlaps."""
        return collapsed((*self.welcome, *self.trusted))


def grouped(sealed: Iterable[Sealed]) -> tuple[Group, ...]:
    """The groups, by their names.

    Where domains of one name differ in what was lately their front door, the most of them have the
    name, and the others one that says what differs.
    """
    domains: dict[_Key, dict[str, Verdict]] = {}
    whole: dict[Networks, _Nets] = {}  # the same addresses, however they are written
    for each in sealed:
        for nets in (each.welcome, each.trusted):
            if nets not in whole:
                whole[nets] = collapsed(nets)
        key = (each.scanners, each.exchanges, whole[each.welcome], whole[each.trusted])
        domains.setdefault(key, {})[each.domain] = each.verdict
    named: dict[str, list[_Key]] = {}
    for key in sorted(domains, key=lambda key: (-len(domains[key]), min(domains[key]))):
        named.setdefault(_name(key), []).append(key)
    found = []
    for name, (most, *others) in named.items():
        found.append(_group(name, most, domains[most]))
        found += [_group(f"{name}_{_digest(*k)}", k, domains[k]) for k in others]
    return tuple(sorted(found, key=lambda group: group.name))


def _name(key: _Key) -> str:
    scanners, exchanges, _, trusted = key
    word = _NO_WORD.sub("_", "_".join(scanners).lower()).strip("_")[:24]
    return f"via_{word}_{_digest(*scanners, '', *exchanges, '', *trusted)}"


def _digest(*told: object) -> str:
    return hashlib.sha256("\n".join(map(str, told)).encode()).hexdigest()[:8]


def _group(name: str, key: _Key, domains: Mapping[str, Verdict]) -> Group:
    scanners, exchanges, welcome, trusted = key
    verdicts = dict(sorted(domains.items()))
    return Group(name, scanners, exchanges, welcome, trusted, verdicts)
