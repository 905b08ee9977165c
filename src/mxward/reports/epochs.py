"""Times through which the same is in force: trust that ends, front doors that become other ones.

Both are lent to `keyed.sql`, which puts them into one number for each arrival. A front door counts
as another one where that could make a difference to a decision; so a scanner whose hosts take
turns, while all of them are welcome, makes no more keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import NamedTuple

import pyarrow as pa

from mxward.lookup.past import Then
from mxward.model import FrontDoor, Rules
from mxward.networks import Networks, network
from mxward.targets import targets

__all__ = ["DOORS", "Doors", "epoch_table", "epochs", "span_table"]

DOORS = 100
"""`key_epoch` is the number of the epoch of trust times this, and the number of the door."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)
_INSTANT = pa.timestamp("us", "UTC")


def epochs(rules: Rules) -> list[float]:
    """When each span of time begins in which the same trust is in force, in seconds."""
    return [-inf, *sorted({trust.expires for trust in rules.trust if trust.expires is not None})]


def epoch_table(begins: Sequence[float]) -> pa.Table:
    """The epochs of trust."""
    return pa.table(
        {
            "epoch": pa.array(range(len(begins)), pa.int32()),
            "since": pa.array(map(_instant, begins), _INSTANT),
            "until": pa.array([*map(_instant, begins[1:]), _END], _INSTANT),
        }
    )


class Doors(NamedTuple):
    """A domain's front doors over the time of its mail, numbered; None: not remembered."""

    since: tuple[float, ...]  # the first holds before that as well
    number: tuple[int, ...]  # which door holds from then on
    doors: tuple[FrontDoor | None, ...]

    @classmethod
    def of(cls, thens: Sequence[Then], first: float, last: float, rules: Rules) -> Doors:
        """Those that hold at some time from `first` to `last`."""
        if len(thens) == 1:  # quicker
            return cls((thens[0].since,), (0,), (thens[0].door,))
        begins = max((n for n, then in enumerate(thens) if then.since <= first), default=0)
        alike: dict[object, int] = {}
        doors: list[FrontDoor | None] = []
        since: list[float] = []
        number: list[int] = []
        for then in thens[begins:]:
            if then.since > last:
                break
            which = alike.setdefault(_effect(then.door, rules), len(doors))
            if which == len(doors):
                doors.append(then.door)
            if not number or number[-1] != which:
                since.append(then.since)
                number.append(which)
        return cls(tuple(since), tuple(number), tuple(doors))

    def in_order(self) -> tuple[FrontDoor, ...]:
        """Those that are remembered, each once, the newest last."""
        last = dict.fromkeys(reversed(self.number))
        found = (self.doors[number] for number in reversed(last))
        return tuple(door for door in found if door is not None)


def _effect(door: FrontDoor | None, rules: Rules) -> object:
    """All of a door that decisions can depend on, but for which part of it lets a client in."""
    if door is None:
        return None
    hosts = Networks(network(str(address)) for address in door.addresses)
    welcome = hosts | door.egress | door.former
    told = (door.state, door.scanners, door.also, door.held, door.missing, welcome)
    if not rules.own:  # it is where each client connects to
        return (*told, door.exchanges)
    return (*told, rules.own & door.addresses, any(targets(door, rules.own, rules)))


def span_table(doors: Mapping[str, Doors]) -> pa.Table:
    """By the recipient's key: when which door was in force, where there was more than one."""
    rows = [
        (recipient, _BEGINNING if n == 0 else _instant(since), until, number)
        for recipient, over in doors.items()
        if len(over.since) > 1
        for n, (since, until, number) in enumerate(
            zip(over.since, [*map(_instant, over.since[1:]), _END], over.number, strict=True)
        )
    ]
    return pa.table(
        {
            "recipient_key": pa.array([row[0] for row in rows], pa.string()),
            "since": pa.array([row[1] for row in rows], _INSTANT),
            "until": pa.array([row[2] for row in rows], _INSTANT),
            "door": pa.array([row[3] for row in rows], pa.int32()),
        }
    )


def _instant(at: float) -> datetime:
    return _BEGINNING if at == -inf else _BEGINNING + timedelta(seconds=at)
