"""The rule, asked once for each distinct key, and the answers joined back: one rule, at the
engine's speed.

What a decision depends on is little: client, recipient's domain, whether it has authenticated, and
only where an entry of [[trust]] asks for it, the sender's domain and the client's name. `keyed.sql`
puts that into columns, `keys.sql` folds them, `policy.decide` answers for each, and `judged.sql`
joins what it said.

Not told by logs, so never an identity here: the names in a client's certificate.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from math import inf
from typing import NamedTuple, Protocol

import pyarrow as pa

from mxward import policy
from mxward.model import (
    NOT_ASKED,
    Arrival,
    ConfirmedNames,
    Decision,
    FrontDoor,
    Known,
    Needs,
    Rules,
    Source,
    Stage,
)
from mxward.networks import Address
from mxward.reports.engine import Engine

__all__ = ["Asked", "Facts", "judge", "under"]

_AT_ONCE = 200  # look-ups under way
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_MAPPED = 0xFFFF  # the first 96 bits of an IPv4 address in IPv6 (RFC 4291 2.5.5.2)
_KEYS = ("client", "server", "recipient", "authenticated", "sender", "name", "epoch")
_TEXT = [(f"key_{name}", pa.string()) for name in _KEYS[:-1]]
_VERDICTS = pa.schema(
    [
        *_TEXT,
        ("key_epoch", pa.int32()),
        ("domain", pa.string()),
        ("door", pa.string()),
        ("action", pa.string()),
        ("reason", pa.string()),
    ]
)


class Facts(Protocol):
    """Whoever knows, or looks up, what decisions need. None of them ever raises."""

    def known_door(self, domain: str) -> FrontDoor | None:
        """The front door, where it is known without waiting."""

    async def front_door(self, domain: str) -> FrontDoor: ...

    async def names(self, client: Address) -> ConfirmedNames: ...


class _Key(NamedTuple):
    client: str
    server: str
    recipient: str
    authenticated: str
    sender: str
    name: str
    epoch: int


@dataclass(slots=True)
class Asked:
    """What the decisions rested on, to be told beside them."""

    keys: int = 0
    doors: dict[str, FrontDoor] = field(default_factory=dict)  # by domain
    names: dict[Address, ConfirmedNames] = field(default_factory=dict)

    def remembered(self) -> int:
        """How many front doors were known from memory only."""
        return sum(door.source is Source.REMEMBERED for door in self.doors.values())

    def failed(self) -> int:
        """How many could not be known at all."""
        return sum(door.state is Known.FAILED for door in self.doors.values())


def under(stage: Stage, rules: Rules) -> Rules:
    """The same rules with one stage for every domain: what if?"""
    return replace(rules, stage=stage, stages={}, stages_set={})


def judge(
    engine: Engine,
    rules: Rules,
    facts: Facts,
    server: Address,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Asked:
    """Let the questions use `judged`: every accepted arrival, and what the rule says of it.

    `server` is where clients connect to, for logs that do not tell; `progress` hears how many of
    how many front doors are known. Raises EngineError.
    """
    epochs = _epochs(rules)
    engine.lend("epochs", _epoch_table(epochs))
    engine.set_up(
        "keyed",
        by_server=not rules.own,
        by_sender=any(trust.senders for trust in rules.trust),
        by_name=bool(rules.trusted_names),
    )
    folded = engine.ask("keys")
    with _uncollected():
        asked = _judged(engine, folded, rules, facts, server, epochs, progress)
    engine.set_up("judged")
    return asked


def _judged(
    engine: Engine,
    folded: pa.Table,
    rules: Rules,
    facts: Facts,
    server: Address,
    epochs: list[float],
    progress: Callable[[int, int], None],
) -> Asked:
    keys = [
        _Key(*row) for row in zip(*(folded[f"key_{k}"].to_pylist() for k in _KEYS), strict=True)
    ]
    arrivals = list(_arrivals(keys, server))
    needs = [policy.needs(arrival, rules) for arrival in arrivals]
    asked = asyncio.run(_ask(arrivals, needs, facts, progress))
    asked.keys = len(keys)
    decisions = _decisions(keys, arrivals, needs, rules, asked, epochs)
    engine.lend("verdicts", _verdict_table(folded, decisions))
    return asked


# -- keys -> arrivals ---------------------------------------------------------------------------


def _arrivals(keys: Iterable[_Key], server: Address) -> Iterable[Arrival]:
    """An arrival for each key that stands for all that have it."""
    addresses: dict[str, Address] = {"": server}
    for key in keys:
        yield Arrival(
            client=_address(key.client, addresses),
            server=_address(key.server, addresses),
            helo="",
            sender=f"@{key.sender}" if key.sender else "",
            recipient=_mailbox(key.recipient),
            authenticated=key.authenticated or None,
            names=_names(key.name),
        )


def _address(key: str, known: dict[str, Address]) -> Address:
    """Out of 32 hexadecimal digits, which is quicker than out of text."""
    found = known.get(key)
    if found is None:
        number = int(key, 16)
        mapped = number >> 32 == _MAPPED
        found = IPv4Address(number & 0xFFFFFFFF) if mapped else IPv6Address(number)
        known[key] = found
    return found


def _mailbox(key: str) -> str:
    """A domain stands for any mailbox there; what hides its domain is a mailbox itself."""
    return key if not key or "@" in key or "." not in key else f"x@{key}"


def _names(key: str) -> ConfirmedNames:
    if key == "?":
        return ConfirmedNames()
    return ConfirmedNames(Known.FOUND, (key,)) if key else ConfirmedNames(Known.ABSENT)


# -- what decisions need ------------------------------------------------------------------------


async def _ask(
    arrivals: Iterable[Arrival],
    needs: Iterable[Needs],
    facts: Facts,
    progress: Callable[[int, int], None],
) -> Asked:
    """Find every front door and name that is needed, each once."""
    asked = Asked()
    domains: dict[str, None] = {}
    clients: dict[Address, None] = {}
    for arrival, need in zip(arrivals, needs, strict=True):
        if need.front_door:
            domains[need.front_door] = None
        if need.names and arrival.names.state is Known.NOT_ASKED:
            clients[arrival.client] = None
    for domain in domains:
        known = facts.known_door(domain)
        if known is not None:
            asked.doors[domain] = known
    slots = asyncio.Semaphore(_AT_ONCE)

    async def door(domain: str) -> None:
        async with slots:
            asked.doors[domain] = await facts.front_door(domain)
            progress(len(asked.doors), len(domains))

    async def names(client: Address) -> None:
        async with slots:
            asked.names[client] = await facts.names(client)

    unknown = [domain for domain in domains if domain not in asked.doors]
    await asyncio.gather(*map(door, unknown), *map(names, clients))
    return asked


# -- decisions ----------------------------------------------------------------------------------


def _decisions(
    keys: Iterable[_Key],
    arrivals: Iterable[Arrival],
    needs: Iterable[Needs],
    rules: Rules,
    asked: Asked,
    epochs: list[float],
) -> list[Decision]:
    decisions = []
    for key, arrival, need in zip(keys, arrivals, needs, strict=True):
        door = asked.doors[need.front_door] if need.front_door else NOT_ASKED
        if need.names and arrival.names.state is Known.NOT_ASKED:
            arrival = replace(arrival, names=asked.names[arrival.client])
        decisions.append(policy.decide(arrival, door, rules, max(epochs[key.epoch], 0.0)))
    return decisions


def _verdict_table(folded: pa.Table, decisions: list[Decision]) -> pa.Table:
    columns = [folded[f"key_{name}"] for name in _KEYS]
    columns += [
        pa.array([decision.evidence.domain for decision in decisions], pa.string()),
        pa.array([decision.door.value for decision in decisions], pa.string()),
        pa.array([decision.action.value for decision in decisions], pa.string()),
        pa.array([decision.reason.value for decision in decisions], pa.string()),
    ]
    return pa.table(columns, names=_VERDICTS.names).cast(_VERDICTS)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make a million objects without looking for garbage among them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# -- time ---------------------------------------------------------------------------------------


def _epochs(rules: Rules) -> list[float]:
    """When each span of time begins in which the same trust is in force, in seconds."""
    return [-inf, *sorted({trust.expires for trust in rules.trust if trust.expires is not None})]


def _epoch_table(epochs: list[float]) -> pa.Table:
    begins = [_BEGINNING if at == -inf else _BEGINNING + timedelta(seconds=at) for at in epochs]
    ends = [*begins[1:], datetime(9000, 1, 1, tzinfo=UTC)]
    instants = pa.timestamp("us", "UTC")
    return pa.table(
        {
            "epoch": pa.array(range(len(epochs)), pa.int32()),
            "since": pa.array(begins, instants),
            "until": pa.array(ends, instants),
        }
    )
