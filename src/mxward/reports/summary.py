"""What a report says, worked out from the questions' answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from mxward.domains import Domains
from mxward.reports.engine import Engine
from mxward.reports.honesty import Client, Helo, Sign, judged_honest, lies, signs
from mxward.reports.lent import texts

__all__ = [
    "MOST_DOMAINS",
    "ByDay",
    "ByDomain",
    "Report",
    "Sender",
    "Totals",
    "senders",
    "summarise",
]

MOST_DOMAINS = 50
_HELOS_SHOWN = 5


class Totals(NamedTuple):
    """What there is in all; times are None where there is nothing."""

    rows: int
    messages: int
    accepted: int  # recipients
    local: int  # of them, without a client: made by the mail server itself
    unknown_recipients: int  # messages of which the log does not tell the recipients
    first_at: datetime | None
    last_at: datetime | None


class ByDay(NamedTuple):
    """What came by one door on one day."""

    day: str
    door: str
    messages: int
    recipients: int


class ByDomain(NamedTuple):
    """What came for one domain by the back door."""

    domain: str
    recipients: int
    messages: int
    clients: int


@dataclass(frozen=True, slots=True)
class Sender:
    """A client of the back door, the signs, and what they come to."""

    client: Client
    signs: tuple[Sign, ...]
    honest: bool


@dataclass(frozen=True, slots=True)
class Report:
    """Who uses which door."""

    totals: Totals
    by_day: tuple[ByDay, ...]
    domains: tuple[ByDomain, ...]  # those with the most back-door mail
    senders: tuple[Sender, ...]  # all clients of the back door, those with the most mail first

    def doors(self) -> dict[str, tuple[int, int]]:
        """Messages and recipients by door."""
        sums: dict[str, tuple[int, int]] = {}
        for row in self.by_day:
            messages, recipients = sums.get(row.door, (0, 0))
            sums[row.door] = (messages + row.messages, recipients + row.recipients)
        return sums

    def honest(self) -> tuple[Sender, ...]:
        """The clients of the back door that are likely honest."""
        return tuple(sender for sender in self.senders if sender.honest)

    def suspicious(self) -> tuple[Sender, ...]:
        """Those that are likely not."""
        return tuple(sender for sender in self.senders if not sender.honest)


def summarise(engine: Engine, inventory: Domains, most_domains: int = MOST_DOMAINS) -> Report:
    """Ask all that a report tells, once `judged` is set up, and lend `honest` for what follows.

    Raises EngineError.
    """
    found = senders(engine, inventory)
    return Report(
        totals=Totals(**engine.ask("totals").to_pylist()[0]),
        by_day=tuple(ByDay(**row) for row in engine.ask("doors_by_day").to_pylist()),
        domains=tuple(
            ByDomain(**row) for row in engine.ask("domains", most=most_domains).to_pylist()
        ),
        senders=found,
    )


def senders(engine: Engine, inventory: Domains) -> tuple[Sender, ...]:
    """Who uses the back door, once `judged` is set up; lends `honest` for what follows.

    Raises EngineError.
    """
    for name in ("attempts", "noted", "back"):
        engine.set_up(name)
    found = tuple(_senders(engine, inventory))
    engine.lend("honest", texts("client", (s.client.client for s in found if s.honest)))
    return found


def _senders(engine: Engine, inventory: Domains) -> list[Sender]:
    helos = _helos(engine)
    found = []
    for batch in engine.ask("clients").to_batches():
        for row in batch.to_pylist():
            client = _client(row, helos, inventory)
            told = signs(client)
            found.append(Sender(client, told, judged_honest(told)))
    return found


def _helos(engine: Engine) -> Mapping[str, list[Helo]]:
    helos: dict[str, list[Helo]] = defaultdict(list)
    for batch in engine.ask("helos").to_batches():
        columns = (batch.column(name).to_pylist() for name in ("client", "helo", "recipients"))
        for client, helo, recipients in zip(*columns, strict=True):
            helos[client].append(Helo(helo, recipients))
    return helos


def _client(row: dict[str, Any], helos: Mapping[str, list[Helo]], inventory: Domains) -> Client:
    own = helos.get(row["client"], [])
    lying = tuple(h.name for h in own if lies(h.name, row["client"], row["name"], inventory))
    return Client(**row, helos=tuple(own[:_HELOS_SHOWN]), lying=lying[:_HELOS_SHOWN])
