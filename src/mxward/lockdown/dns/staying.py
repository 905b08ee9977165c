"""Which names stay, and why.

What the DNS itself shows in use (an MX, a name server, an SRV record), a name by which a web site
is or may be reached, a name that an SPF record needs which is not changed here, what the operator
keeps, whatever is in a zone that is not his, and what any of these leads to. Only for web sites and
SRV records may he say that it goes even so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mxward.domains import parents
from mxward.lockdown.dns.looked import Looked, Named, Pointing, What
from mxward.lockdown.dns.records import Change
from mxward.model import Known
from mxward.networks import Address, Networks

__all__ = ["CLIENTS", "WEB", "Reference", "Stays", "Wish", "staying"]

WEB = frozenset(
    ("", "*", "www", "webmail", "cpanel", "whm", "webdisk", "cpcontacts", "cpcalendars", "owa")
) | {"autodiscover", "autoconfig"}
"""Labels by which web sites are reached, those for mail programs' settings among them."""

CLIENTS = frozenset(
    ("mail", "smtp", "imap", "pop", "pop3", "exchange", "autodiscover", "autoconfig")
)
"""Labels that mail programs have in their settings."""


class Reference(NamedTuple):
    """A record of a zone's file that names a name."""

    owner: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants. `web`: whether a web site answers at an address of the server."""

    servers: Networks
    point_to: tuple[Address, ...] = ()  # else names are dropped
    even_so: bool = False
    keep: frozenset[str] = frozenset()  # names, or `mail.*` for the label in all domains
    web: Mapping[Address, Known] = field(default_factory=dict)
    certificates: frozenset[str] = frozenset()  # names of the configured certificates
    zones: frozenset[str] | None = None  # those that are the operator's; None: any
    name_servers: frozenset[str] = frozenset()  # whose zones are the operator's; none: any
    only: frozenset[str] | None = None  # the domains that are asked for; None: all
    named: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)  # in zone files

    def wants(self, looked: Looked) -> bool:
        """Whether a domain is asked for: of the others it matters what they need."""
        return self.only is None or looked.domain in self.only

    def owns(self, looked: Looked) -> bool:
        """Whether the operator may change a domain's zone, as far as he has told."""
        if self.zones is None and not self.name_servers:
            return True
        by_name = self.zones is not None and looked.zone in self.zones
        return by_name or any(server in self.name_servers for server in looked.servers)


_MAIL = ("MX", "NS")
"""Kinds of records without whose names mail or a zone is lost."""


@dataclass(frozen=True, slots=True)
class Stays:
    """A name that goes on leading to the mail server; `anyway`: it may be dropped even so."""

    name: str
    why: str
    anyway: bool = False


def staying(every: Sequence[Looked], wish: Wish) -> dict[str, Stays]:
    """The names that stay: for reasons of their own, or because another that stays needs them."""
    held = _held(every, wish)
    stays: dict[str, Stays] = {}
    aliases: dict[str, Pointing] = {}
    wildcards: dict[str, Looked] = {}
    for looked in every:
        for each in looked.pointing:
            if it := _why_stays(each, looked, wish, held):
                stays[each.name] = it
            if each.target:
                aliases[each.name] = each
            if each.label == "*" and not wish.point_to:
                wildcards[each.name] = looked
    waiting = list(stays)
    while waiting:
        name = waiting.pop()
        more = list(_needed(aliases[name])) if name in aliases else []
        if name in wildcards:
            more += _covered(wildcards[name], name)
        for each_name, why in more:
            if each_name not in stays:
                stays[each_name] = Stays(each_name, why, stays[name].anyway)
                waiting.append(each_name)
    return stays


def _needed(alias: Pointing) -> Iterator[tuple[str, str]]:
    """What the CNAME of a name that stays leads to, or a wildcard that may stand for that."""
    for target in (*(value for r in alias.records for value in r.values), alias.target):
        for name in (target, *(f"*.{parent}" for parent in parents(target))):
            yield name, f"{alias.name} leads there, which stays"


def _covered(looked: Looked, any_name: str) -> Iterator[tuple[str, str]]:
    """Names that would lead to the mail server without records of their own too."""
    for each in looked.pointing:
        if each.label:
            yield each.name, f"{any_name} stays, and would lead there"


def _held(every: Iterable[Looked], wish: Wish) -> dict[str, str]:
    """Names that somebody else needs, and that stay whatever is wished: why."""
    held: dict[str, str] = {}
    for looked in every:
        for host in looked.exchanges:
            _hold(host, f"the MX of {looked.domain} names {host.name}", held)
        if not _can_rewrite(looked, wish):
            for name in looked.spf:
                why = (
                    f"the SPF record of {looked.domain} names {name.name}, and is not changed here"
                )
                _hold(name, why, held)
        for each in looked.pointing:
            for reference in wish.named.get(each.name, ()):
                if reference.kind in _MAIL:
                    why = f"{reference.owner} ({reference.kind}) names it, in its zone's file"
                    held.setdefault(each.name, why)
        for use in looked.uses:
            if use.what in (What.MX, What.NS):
                held.setdefault(use.name, use.text)
    return held


def _hold(named: Named, why: str, held: dict[str, str]) -> None:
    """A name, what its CNAMEs lead to, and wildcards that may stand for either."""
    for name in dict.fromkeys((named.name, named.leads)):
        for each in (name, *(f"*.{parent}" for parent in parents(name))):
            held.setdefault(each, why)


def _can_rewrite(looked: Looked, wish: Wish) -> bool:
    if looked.why or not wish.owns(looked) or not wish.wants(looked):
        return False
    return looked.txt is not None


def _why_stays(each: Pointing, looked: Looked, wish: Wish, held: Mapping[str, str]) -> Stays | None:
    """Why a name stays, as far as its own domain tells, and what is `held`."""
    if not wish.wants(looked):
        return Stays(each.name, f"{looked.domain} is not asked for")
    if each.name in held:
        return Stays(each.name, held[each.name])
    if each.name in wish.keep or (each.label and f"{each.label}.*" in wish.keep):
        return Stays(each.name, "you keep it")
    if not wish.owns(looked):
        by = ", ".join(looked.servers) or "nobody known"
        return Stays(each.name, f"the zone {looked.zone} is not yours (served by {by})")
    if not each.records:
        return Stays(each.name, f"its records cannot be told, though it leads to {each.target}")
    for records in each.records:
        try:
            Change(each.name, records.kind, records.values, (), records.ttl, 0).check()
        except ValueError as error:
            return Stays(each.name, f"its records cannot be written: {error}")
    if wish.even_so:
        return None
    srv = next((u for u in looked.uses if u.what is What.SRV and u.name == each.name), None)
    if srv is not None:
        return Stays(each.name, srv.text, anyway=True)
    names = {each.name for each in looked.pointing}
    for owner, kind in wish.named.get(each.name, ()):
        if owner not in names:
            why = f"{owner} ({kind}) names it, in its zone's file"
            return Stays(each.name, why, anyway=True)
    if each.label in WEB:
        told = {wish.web.get(a, Known.NOT_ASKED) for a in each.addresses}
        if Known.FOUND in told:
            return Stays(each.name, "a web site answers at its address", anyway=True)
        if told != {Known.ABSENT}:
            text = "a web site may answer at its address (not asked: --look asks)"
            return Stays(each.name, text, anyway=True)
    return None
