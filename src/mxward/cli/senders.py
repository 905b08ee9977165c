"""Clients that came by the back door, look honest, and are not trusted: whom a stage would cost.

What the store keeps of a decision is less than a log tells: no HELO, no TLS, no sizes, no names. So
who came on two days at least counts as honest, unless what he brought looks like spam; and who came
on one day only where he is trusted for another domain. In doubt a client is honest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from mxward.reports.honesty import Client, Sign, judged_honest, signs
from mxward.store.decided import Came, Decided

__all__ = ["Sender", "joined", "seen_by_the_proxy"]

Ways = Mapping[tuple[str, str], int]
"""Recipients by their domain, and the domain that the mail came from."""


@dataclass(frozen=True, slots=True)
class Sender:
    """One of them. `last_at`: seconds since the epoch."""

    client: str
    signs: tuple[Sign, ...]
    days: int
    last_at: float
    ways: Ways
    interface: str | None = None  # the address it connected to, where that is known

    @property
    def recipients(self) -> int:
        return sum(self.ways.values())

    def by_domain(self) -> dict[str, int]:
        """Recipients, those with the most first."""
        found: Counter[str] = Counter()
        for (domain, _), count in self.ways.items():
            found[domain] += count
        return dict(found.most_common())


def seen_by_the_proxy(decided: Decided, since: float) -> list[Sender]:
    """Those that a running proxy has seen since then (seconds). Raises StoreError."""
    honest = {
        came.client: (came, found) for came in decided.came(since) if (found := _honest(came))
    }
    ways: dict[str, dict[tuple[str, str], int]] = {}
    met: dict[str, str] = {}
    for each in decided.brought(honest.keys(), since):
        ways.setdefault(each.client, {})[each.domain, each.sender_domain] = each.recipients
        met[each.client] = each.interface
    return [
        Sender(client, found, came.days, came.last_at, ways.get(client, {}), met.get(client))
        for client, (came, found) in honest.items()
    ]


def _honest(came: Came) -> tuple[Sign, ...]:
    """The signs, where they make it likely; each recipient counts as a message."""
    found = signs(
        Client(
            client=came.client,
            name=None,
            recipients=came.recipients,
            messages=came.recipients,
            days=came.days,
            first_at=datetime.fromtimestamp(came.first_at, UTC),
            last_at=datetime.fromtimestamp(came.last_at, UTC),
            sender_domains=came.sender_domains,
            domains=came.domains,
            smallest=None,
            largest=None,
            with_tls=0,
            without_tls=0,
            authenticated=0,
            rejected=0,
            trusted=came.trusted,
        )
    )
    if not judged_honest(found):
        return ()
    return (*found, Sign(0, "seen on 2 days")) if came.days == 2 else found


def joined(*found: Iterable[Sender]) -> list[Sender]:
    """One for each client: what both have seen is counted as the one that saw more of it."""
    clients: dict[str, Sender] = {}
    for each in (sender for some in found for sender in some):
        other = clients.get(each.client)
        if other is None:
            clients[each.client] = each
            continue
        ways = {
            way: max(each.ways.get(way, 0), other.ways.get(way, 0))
            for way in (*other.ways, *each.ways)
        }
        more = each if each.days >= other.days else other
        clients[each.client] = Sender(
            each.client,
            more.signs,
            more.days,
            max(each.last_at, other.last_at),
            ways,
            other.interface or each.interface,
        )
    return list(clients.values())
