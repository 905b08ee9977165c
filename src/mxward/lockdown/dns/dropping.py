"""The least set of changes that takes guessable names away from the mail server.

A name is dropped, or pointed elsewhere. One that leads there by a CNAME to another that is pointed
elsewhere goes along, and needs no change of its own. Which names stay, `staying` says. An SPF
record that names what goes is changed first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mxward.domains import parents
from mxward.frontdoor.records import addresses
from mxward.lockdown.dns import spf
from mxward.lockdown.dns.looked import Looked, Named, Pointing, Use, What
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.staying import CLIENTS, WEB, Stays, Wish, staying
from mxward.networks import Address

__all__ = ["Dropped", "dropped"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What becomes of one domain's names."""

    domain: str
    zone: str
    names: tuple[Change, ...] = ()
    spf: tuple[Change, ...] = ()  # before the names
    follows: tuple[tuple[str, str], ...] = ()  # a name, and that which it follows
    stays: tuple[Stays, ...] = ()
    uses: tuple[Use, ...] = ()  # of the names that go: what breaks, or must be seen to


def dropped(every: Sequence[Looked], wish: Wish) -> list[Dropped]:
    """What becomes of each domain that has, or names, a name which leads to the mail server."""
    stays = staying(every, wish)
    going: dict[str, tuple[Address, ...]] = {}
    left: set[str] = set()
    for looked in every:
        for each in looked.pointing:
            if each.name not in stays:
                going[each.name] = each.addresses
                left |= {each.name} if _has_others(each, wish) else set()
    kept = frozenset(left)
    wanted = (looked for looked in every if not looked.why and wish.wants(looked))
    found = (_one(looked, wish, stays, going, kept) for looked in wanted)
    return [each for each in found if each.names or each.spf or each.follows or each.stays]


def _one(
    looked: Looked,
    wish: Wish,
    stays: Mapping[str, Stays],
    going: Mapping[str, tuple[Address, ...]],
    left: frozenset[str],
) -> Dropped:
    names: list[Change] = []
    follows: list[tuple[str, str]] = []
    gone: set[str] = set()
    for each in looked.pointing:
        if each.name in stays:
            continue
        gone.add(each.name)
        if wish.point_to and each.target in going:
            follows.append((each.name, each.target))
        else:
            names += _changes(each, wish)
    text = _spf(looked, stays, going, left)
    uses = tuple(_uses(looked, wish, gone))
    return Dropped(
        looked.domain,
        looked.zone,
        tuple(names),
        text,
        tuple(follows),
        tuple(stays[each.name] for each in looked.pointing if each.name in stays),
        uses,
    )


def _changes(each: Pointing, wish: Wish) -> Iterator[Change]:
    """Of addresses only the mail server's are taken away; others at the same name stay.

    A name gets no other family than it had, unless it would be left with nothing.
    """
    ttl = each.records[0].ttl
    known = {records.kind: records.values for records in each.records}
    new = {f"{'A' if version == 4 else 'AAAA'}": _told(wish, version) for version in (4, 6)}
    kinds = [kind for kind, values in known.items() if _mine(kind, values, wish)]
    if "CNAME" in known or not any(new[kind] for kind in kinds):
        kinds += [kind for kind, to in new.items() if to and kind not in kinds]
    for kind in kinds:
        was = known.get(kind, ())
        stay = () if kind == "CNAME" else (v for v in was if not _is_server(v, wish))
        becomes = tuple(sorted({*stay, *new.get(kind, ())}))
        yield Change(each.name, kind, was, becomes, ttl, ttl)


def _told(wish: Wish, version: int) -> tuple[str, ...]:
    return tuple(str(each) for each in wish.point_to if each.version == version)


def _mine(kind: str, values: Iterable[str], wish: Wish) -> bool:
    return kind == "CNAME" or any(_is_server(value, wish) for value in values)


def _is_server(value: str, wish: Wish) -> bool:
    return any(each in wish.servers for each in addresses((value,)))


def _has_others(each: Pointing, wish: Wish) -> bool:
    """Whether a name keeps an address that is not the mail server's."""
    return any(
        not _is_server(value, wish)
        for records in each.records
        if records.kind != "CNAME"
        for value in records.values
    )


def _spf(
    looked: Looked,
    stays: Mapping[str, Stays],
    going: Mapping[str, tuple[Address, ...]],
    left: frozenset[str],
) -> tuple[Change, ...]:
    """What the domain's SPF record needs before those names go, its own and other domains'."""
    gone = {named.name: had for named in looked.spf if (had := _had(named, stays, going))}
    if looked.txt is None or not gone:
        return ()
    change = spf.changed(looked.txt, spf.naming(looked.domain, gone, left))
    return (change,) if change is not None else ()


def _had(
    named: Named, stays: Mapping[str, Stays], going: Mapping[str, tuple[Address, ...]]
) -> tuple[Address, ...]:
    """The addresses that a name loses: by itself, by what it leads to, or by a wildcard that may
    stand for either. None where it stays.
    """
    names = dict.fromkeys((named.name, named.leads))
    for name in names:
        if name in stays or name in going:
            return going.get(name, ())
    wildcards = (f"*.{parent}" for name in names for parent in parents(name))
    return next((going[each] for each in wildcards if each in going), ())


_FOR = {
    "ftp": "who has files there gets them no more",
    "remote": "who comes in by it gets in no more",
    "relay": "who sends through it does so no more",
}


def _uses(looked: Looked, wish: Wish, gone: set[str]) -> Iterator[Use]:
    """What else there is to say of the names that go."""
    if not gone:
        return
    for use in looked.uses:
        if use.name in gone or use.what in (What.MTA_STS, What.CAA):
            yield use
    for each in looked.pointing:
        if each.name not in gone:
            continue
        if each.label in CLIENTS:
            yield Use(What.CLIENTS, each.name)
        elif each.label in _FOR:
            yield Use(What.OTHER, each.name, _FOR[each.label])
        if each.label in WEB and wish.even_so:
            yield Use(What.WEB, each.name)
        if _certified(each.name, wish.certificates):
            yield Use(What.CERTIFICATE, each.name)


def _certified(name: str, certificates: frozenset[str]) -> bool:
    return name in certificates or f"*.{name.partition('.')[2]}" in certificates
