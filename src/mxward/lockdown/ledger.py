"""What the last run wrote: so that a rule stays where a front door cannot be known, or shrank.

It is a file beside the rules (`mxward.json`), for mxward alone: JSON, the same octets for the same
rules. Whoever may change the rules may change it; it grants nothing that they could not write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mxward import domains as names
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from mxward.networks import Network, network

__all__ = ["FILE", "Ledger", "read", "text"]

FILE = "mxward.json"
_VERSION = 1
_NAMED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The groups of an earlier run."""

    groups: tuple[Group, ...] = ()
    files: tuple[str, ...] = ()  # all that was written, by their names
    of_domain: Mapping[str, Group] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        found = {domain: group for group in self.groups for domain in group.domains}
        object.__setattr__(self, "of_domain", found)


def text(groups: Iterable[Group], files: Iterable[str]) -> str:
    """The ledger of these groups, and of the files that were written of them."""
    told = {group.name: _told(group) for group in groups}
    document = {"version": _VERSION, "files": sorted(files), "groups": told}
    return json.dumps(document, indent=1) + "\n"


def _told(group: Group) -> dict[str, Any]:
    domains: dict[str, list[str]] = {}
    for domain, verdict in group.domains.items():
        domains.setdefault(verdict, []).append(domain)
    return {
        "scanners": group.scanners,
        "exchanges": group.exchanges,
        "welcome": [str(net) for net in group.welcome],
        "trusted": [str(net) for net in group.trusted],
        "domains": domains,
    }


def read(told: str) -> Ledger:
    """What an earlier run wrote. Raises ValueError where it is no ledger."""
    try:
        document = json.loads(told)
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']!r}, here {_VERSION}")
        groups = tuple(_group(name, each) for name, each in document["groups"].items())
        return Ledger(groups, tuple(map(_file, document["files"])))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no ledger of mxward lockdown ({type(error).__name__})") from None


def _file(name: str) -> str:
    if name.startswith("/") or {"", ".", ".."} & {*name.split("/")} or "\0" in name:
        raise ValueError(f"{name!r} is no file of these")
    return name


def _domain(text: str) -> str:
    if not names.is_normal(text) and names.normal(text) != text:
        raise ValueError(f"{text!r} is no domain in its normal spelling")
    return text


def _network(text: str) -> Network:
    if "%" in text:  # a zone, which may be any text
        raise ValueError(f"{text!r} is no network")
    return network(text)


def _group(name: str, told: Mapping[str, Any]) -> Group:
    if not name.startswith("via_") or not _NAMED.issuperset(name):
        raise ValueError(f"{name!r} is no group")
    domains = {
        _domain(domain): Verdict(verdict)
        for verdict, some in told["domains"].items()
        for domain in some
    }
    return Group(
        name=name,
        scanners=tuple(map(str, told["scanners"])),
        exchanges=tuple(map(str, told["exchanges"])),
        welcome=tuple(map(_network, told["welcome"])),
        trusted=tuple(map(_network, told["trusted"])),
        domains=dict(sorted(domains.items())),
    )
