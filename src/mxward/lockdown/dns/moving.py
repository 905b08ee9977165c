"""The mail server moved: a name that nobody guesses, and what must change with the address.

No guessable name is touched: they stay where they are, with the web sites and the mailboxes behind
them, and it is port 25 that leaves their address. So the least set of changes is the new name, and
the SPF records of those domains whose mail the server will send from its new address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mxward import domains
from mxward.lockdown.dns import spf
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.staying import Wish
from mxward.networks import Address

__all__ = ["Move", "Moved", "moved", "new_name"]

_TTL = 3600  # seconds, of the new name once all is done


@dataclass(frozen=True, slots=True)
class Move:
    """Where to: the new addresses, and their name in a zone of the operator's."""

    name: str
    zone: str
    to: tuple[Address, ...]
    keep_spf: bool = False  # the server goes on sending from its old address


@dataclass(frozen=True, slots=True)
class Moved:
    """What the move changes in the DNS, and what of it is not done here."""

    new: tuple[Change, ...]
    adding: tuple[tuple[str, Change], ...] = ()  # by zone: SPF records that name the new address
    removing: tuple[tuple[str, Change], ...] = ()  # and later no more the old one
    by_hand: tuple[tuple[str, str], ...] = ()  # a domain, and why its SPF record is not changed
    pins: int = 0  # different TLSA values; of one they are copied to the new name


def new_name(label: str, zone: str) -> str:
    """The whole name. Raises ValueError where it is none, or the label is one that is guessed."""
    from mxward.audit.guesses import GUESSES

    name = domains.normal(f"{label}.{zone}")
    if label in GUESSES or len(label) < 8:
        raise ValueError(f"{label!r} is a name that is guessed")
    return name


def moved(every: Sequence[Looked], move: Move, wish: Wish) -> Moved:
    """All changes of a move."""
    pins = Counter(looked.pins for looked in every if looked.pins)
    new = tuple(_new(move, next(iter(pins)) if len(pins) == 1 else ()))
    if move.keep_spf:
        return Moved(new, pins=len(pins))
    adding: list[tuple[str, Change]] = []
    removing: list[tuple[str, Change]] = []
    by_hand: list[tuple[str, str]] = []
    for looked in every:
        if looked.why or not looked.zone:
            continue
        try:
            first, second = _spf(looked, move, wish)
        except ValueError as error:
            by_hand.append((looked.domain, str(error)))
            continue
        adding += [(looked.zone, first)] if first else []
        removing += [(looked.zone, second)] if second else []
    return Moved(new, tuple(adding), tuple(removing), tuple(by_hand), len(pins))


def _new(move: Move, pins: tuple[str, ...]) -> Iterable[Change]:
    for kind, version in (("A", 4), ("AAAA", 6)):
        values = tuple(str(each) for each in move.to if each.version == version)
        if values:
            yield Change(move.name, kind, (), values, _TTL, _TTL)
    if pins:
        yield Change(f"_25._tcp.{move.name}", "TLSA", (), pins, _TTL, _TTL)


def _spf(looked: Looked, move: Move, wish: Wish) -> tuple[Change | None, Change | None]:
    """Raises ValueError where it cannot be changed here."""
    txt = looked.txt
    if txt is None:
        raise ValueError("its TXT records cannot be told exactly: give the zone's file")
    leading = [named.name for named in looked.spf]
    rewrite = spf.adding(looked.domain, wish.servers, leading, move.to)
    first = spf.changed(txt, rewrite, spf.MOST)
    if not wish.owns(looked):
        if first:
            raise ValueError(f"the zone {looked.zone} is not yours")
        return None, None
    after = txt._replace(values=first.becomes) if first else txt
    return first, spf.changed(after, spf.removing(looked.domain, wish.servers))
