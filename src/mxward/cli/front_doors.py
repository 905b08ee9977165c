"""A front door, as text and as JSON."""

from __future__ import annotations

from typing import Any

from mxward.cli.screen import Screen, duration
from mxward.model import FrontDoor, Known, Source
from mxward.networks import Networks

__all__ = ["age", "as_object", "in_front", "short", "show"]

_NONE = Networks()


def in_front(door: FrontDoor) -> str:
    """In a few words, what stands in front."""
    match door.state:
        case Known.FAILED:
            return "could not be looked up, and nothing is remembered"
        case Known.ABSENT:
            return "nothing: no such domain, a null MX, or hosts without an address"
        case Known.NOT_ASKED:
            return "not asked"
    if door.scanners:
        return f"the scanner {' and '.join(door.scanners)}"
    return "no scanner that is declared"


def age(door: FrontDoor, now: float) -> str:
    """Where it is known from, and how old that is. `now`: seconds since the epoch."""
    if door.state in (Known.FAILED, Known.NOT_ASKED):
        return "nothing is known"
    old = max(now - door.observed_at, 0.0)
    when = "just now" if old < 2 else f"{duration(old)} ago"
    if door.source is Source.REMEMBERED:
        return f"remembered: seen {when}, and the DNS did not tell anew"
    return f"seen {when}"


def show(screen: Screen, door: FrontDoor, now: float, leaving: Networks = _NONE) -> None:
    """Print what stands in front, what it is made of, and what of its egress is leaving."""
    screen.labelled("in front", in_front(door))
    names = [f"{x.preference} {x.name}" for x in door.exchanges]
    label, longest = "MX", max(map(len, names), default=0)
    for name, exchange in zip(names, door.exchanges, strict=True):
        addresses = "  ".join(map(str, exchange.addresses)) or "no address"
        screen.labelled(label, f"{name:{longest}}  {addresses}")
        label = ""
    screen.listed("egress", short(door.egress))
    screen.listed("former", short(door.former))
    screen.listed("held", short(door.held), "yellow")
    screen.listed("leaving", short(leaving), "yellow")
    screen.listed("missing", [f"{q.kind} {q.name}" for q in door.missing], "yellow")
    screen.labelled("known", age(door, now))


def as_object(door: FrontDoor, now: float) -> dict[str, Any]:
    """For programs; `age` is in seconds, `observed_at` in seconds since the epoch."""
    known = door.state in (Known.FOUND, Known.ABSENT)
    return {
        "state": door.state,
        "exchanges": [
            {
                "preference": exchange.preference,
                "name": exchange.name,
                "addresses": [str(address) for address in exchange.addresses],
                "scanner": exchange.scanner,
            }
            for exchange in door.exchanges
        ],
        "scanners": list(door.scanners),
        "egress": _texts(door.egress),
        "former": _texts(door.former),
        "held": _texts(door.held),
        "missing": [f"{question.kind} {question.name}" for question in door.missing],
        "source": door.source if known else None,
        "observed_at": door.observed_at if known else None,
        "age": max(now - door.observed_at, 0.0) if known else None,
    }


def short(networks: Networks) -> list[str]:
    """A single address without its prefix."""
    return [str(n.network_address if n.num_addresses == 1 else n) for n in networks]


def _texts(networks: Networks) -> list[str]:
    return [str(network) for network in networks]
