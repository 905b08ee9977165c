"""What a mail server looks up: a domain, for its verdict and the networks its mail is taken from.

Groups with the same networks share one table, so that a scanner that gives each domain an MX host
of its own still needs one table. Names of domains are looked at once more before they are written:
what is no A-label in its normal spelling, and so might say something else in another program's
file, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mxward import domains
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from mxward.networks import Network

__all__ = ["SAID", "Table", "place", "spellings", "tables"]

SAID = {
    Verdict.DEFER: "451 4.7.1 mail for this domain is taken at its MX only",
    Verdict.DENY: "550 5.7.1 mail for this domain is taken at its MX only",
}
"""What a client is told; the auditor knows it again."""

_PLACE = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

_Nets = tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Networks that mail is taken from, for these domains; the name is good for a file."""

    name: str
    networks: tuple[Network, ...]
    domains: Mapping[str, Verdict]


def tables(groups: Iterable[Group]) -> tuple[Table, ...]:
    """By their names. Raises ValueError where a name could not be written as it is."""
    same: dict[_Nets, list[Group]] = {}
    whole: dict[tuple[_Nets, _Nets], _Nets] = {}  # there may be a group for each domain
    for group in groups:
        both = (group.welcome, group.trusted)
        if both not in whole:
            whole[both] = group.networks
        same.setdefault(whole[both], []).append(group)
    found: dict[str, Table] = {}
    for networks, some in same.items():
        name = min(group.name for group in some)
        if name in found:
            raise ValueError(f"{name} is the name of two groups")
        verdicts = {d: verdict for group in some for d, verdict in group.domains.items()}
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a group")
        for domain in verdicts:
            _check(domain)
        found[name] = Table(name, networks, dict(sorted(verdicts.items())))
    return tuple(table for _, table in sorted(found.items()))


def _check(domain: str) -> None:
    if not domains.is_normal(domain) and domains.normal(domain) != domain:
        raise ValueError(f"{domain!r} is no domain in its normal spelling")


def spellings(domain: str) -> Iterator[str]:
    """A domain as RCPT may name it: as A-labels, and in its own script (RFC 6531), lower case."""
    yield domain
    if "xn--" in domain:
        labels = (_shown(label) for label in domain.split("."))
        yield ".".join(labels)


def _shown(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    return label[4:].encode("ascii").decode("punycode")


def place(text: str) -> str:
    """Where the files are installed, as it may stand in any file. Raises ValueError."""
    if not _PLACE.fullmatch(text) or ".." in text.split("/"):
        raise ValueError(
            f"{text!r}: name a folder by its whole path, of letters, digits, _, - and ."
        )
    return text
