"""Recent decisions and findings: what a running mxward has seen, kept by days and by rows.

Decisions of mail that came by the front door are not kept, nor anything of what a mail says: who
came, to which address, for which domain, from which, and what was done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert

from mxward.store.schema import decisions, findings
from mxward.store.transactions import Transactions

__all__ = ["DAYS", "MOST", "Brought", "Came", "Decided", "Found", "Seen"]

DAYS = 30
"""Days that a decision is kept."""
MOST = 1_000_000
"""Decisions that are kept."""
_MOST_FINDINGS = 100_000
_BATCH = 10_000
_DAY = 86_400.0


class Seen(NamedTuple):
    """One decision, in words. `at`: seconds since the epoch."""

    at: float
    client: str
    interface: str
    domain: str
    sender_domain: str
    action: str
    would: str
    stage: str
    door: str
    reason: str


class Found(NamedTuple):
    """A finding: what it is about, and how often it was told from when to when (seconds)."""

    kind: str
    subject: str
    text: str
    first_at: float
    last_at: float
    times: int = 1


class Came(NamedTuple):
    """What is known of one client that came by the back door (times in seconds)."""

    client: str
    recipients: int
    days: int  # on which it came, in UTC
    first_at: float
    last_at: float
    sender_domains: int
    domains: int
    trusted: int  # recipients for whom it was


class Brought(NamedTuple):
    """What a client brought by the back door, from one domain for another."""

    client: str
    interface: str  # of the last
    domain: str
    sender_domain: str
    recipients: int
    last_at: float


_PUT = """INSERT INTO decisions
(at, client, interface, domain, sender_domain, action, would, stage, door, reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_TOO_MANY = """DELETE FROM decisions
WHERE id <= (SELECT max(id) FROM decisions) - ? AND id < (SELECT min(id) FROM decisions) + ?"""
_TOO_OLD = """DELETE FROM decisions
WHERE id IN (SELECT id FROM decisions ORDER BY id LIMIT ?) AND at < ?"""
_CAME = """SELECT client, count(*), count(DISTINCT CAST(at / 86400 AS INTEGER)) AS days,
  min(at), max(at), count(DISTINCT nullif(sender_domain, '')), count(DISTINCT domain),
  sum(reason = 'trusted')
FROM decisions WHERE at >= ? AND door = 'back' AND domain <> ''
GROUP BY client HAVING days >= ? OR sum(reason = 'trusted') > 0 ORDER BY days DESC, client"""
# a bare column beside max() is of the row that has the maximum (SQLite's documentation of SELECT)
_BROUGHT = """SELECT client, interface, domain, sender_domain, count(*), max(at)
FROM decisions WHERE at >= ? AND door = 'back' AND domain <> ''
GROUP BY client, domain, sender_domain ORDER BY domain, client, sender_domain"""


class Decided:
    """Every method raises StoreError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def write(self, seen: Sequence[Seen], found: Sequence[Found] = (), *, most: int = MOST) -> None:
        """Keep these; of more than `most`, the oldest go, a few at a time."""
        put = insert(findings)
        again = put.on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={
                "text": put.excluded.text,
                "first_at": func.min(findings.c.first_at, put.excluded.first_at),
                "last_at": func.max(findings.c.last_at, put.excluded.last_at),
                "times": findings.c.times + put.excluded.times,
            },
        )
        with self._transactions.writing() as connection:
            if seen:
                connection.exec_driver_sql(_PUT, [tuple(each) for each in seen])
                connection.exec_driver_sql(_TOO_MANY, (most, 2 * len(seen) + _BATCH))
            if found:
                connection.execute(again, [each._asdict() for each in found])

    def prune(self, now: float, *, days: float = DAYS) -> int:
        """Forget decisions and findings older than that; says how many.

        A batch at a time, so that nobody waits for long.
        """
        before, forgotten, gone = now - days * _DAY, 0, _BATCH
        while gone == _BATCH:
            with self._transactions.writing() as connection:
                gone = connection.exec_driver_sql(_TOO_OLD, (_BATCH, before)).rowcount
            forgotten += gone
        newest = select(findings.c.last_at).order_by(findings.c.last_at.desc())
        with self._transactions.writing() as connection:
            last = connection.scalar(newest.offset(_MOST_FINDINGS).limit(1))
            old = delete(findings).where(findings.c.last_at < max(before, last or before))
            return forgotten + connection.execute(old).rowcount

    def newest(self, most: int = 1_000, domain: str | None = None) -> tuple[Seen, ...]:
        """The newest decisions, of one domain or of all, the newest first."""
        columns = [decisions.c[name] for name in Seen._fields]
        chosen = select(*columns).order_by(decisions.c.at.desc(), decisions.c.id.desc())
        if domain is not None:
            chosen = chosen.where(decisions.c.domain == domain)
        with self._transactions.reading() as connection:
            return tuple(Seen(*row) for row in connection.execute(chosen.limit(most)))

    def findings(self) -> tuple[Found, ...]:
        """All that was found, by what it is about."""
        columns = [findings.c[name] for name in Found._fields]
        ordered: Any = select(*columns).order_by(findings.c.kind, findings.c.subject)
        with self._transactions.reading() as connection:
            return tuple(Found(*row) for row in connection.execute(ordered))

    def came(self, since: float, days: int = 2) -> tuple[Came, ...]:
        """Who has come by the back door since then (seconds): on so many days, or trusted."""
        with self._transactions.reading() as connection:
            asked = connection.exec_driver_sql(_CAME, (since, days))
            return tuple(Came(*row) for row in asked)

    def brought(self, clients: Collection[str], since: float) -> tuple[Brought, ...]:
        """What these clients have brought by the back door since then (seconds)."""
        with self._transactions.reading() as connection:
            asked = connection.exec_driver_sql(_BROUGHT, (since,))
            return tuple(Brought(*row) for row in asked if row[0] in clients)

    def oldest(self) -> float | None:
        """When the oldest decision that is kept was made (seconds); None where there is none."""
        with self._transactions.reading() as connection:
            found = connection.scalar(select(func.min(decisions.c.at)))
            return None if found is None else float(found)
