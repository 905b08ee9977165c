"""What audits have found over time: when a door opened and when it was shut.

Of a door only changes are kept: what a server did with a domain's mail, from when it was first
seen to when it was last seen. The front door of each domain is kept as it was last seen whole, so
that the next audit can tell what has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, delete, insert, select

from mxward.audit.changes import Before
from mxward.store.schema import audit_doors, audit_runs
from mxward.store.transactions import Transactions

__all__ = ["KEPT", "AuditRun", "Audited", "DoorSeen", "DoorSpan"]

_T = TypeVar("_T")

KEPT = 2 * 365 * 86_400.0
"""Seconds that is kept what was not seen again."""
_MOST_RUNS = 10_000
_BATCH = 5_000


class AuditRun(NamedTuple):
    """One audit. Times are seconds since the epoch."""

    started_at: float
    finished_at: float
    domains: int
    probed: bool
    partial: bool
    sources: str  # the addresses that it was probed from


class DoorSeen(NamedTuple):
    """What a server did with mail for a domain, in words."""

    domain: str
    server: str
    port: int
    verdict: str
    how: str


class DoorSpan(NamedTuple):
    """The same over time: seen first, and seen last without having changed in between."""

    domain: str
    server: str
    port: int
    verdict: str
    how: str
    first_at: float
    last_at: float


# of rows with the same time the one that was written last counts
_NEWEST = """SELECT id, verdict, how FROM audit_doors
WHERE domain = ? AND server = ? AND port = ? ORDER BY last_at DESC, id DESC LIMIT 1"""
_AGAIN = "UPDATE audit_doors SET last_at = max(last_at, ?) WHERE id = ?"
_NEW = """INSERT INTO audit_doors
(domain, server, port, verdict, how, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_FRONT = """INSERT INTO audit_fronts (domain, hosts, addresses, scanners, seen_at)
VALUES (?, ?, ?, ?, ?) ON CONFLICT (domain) DO UPDATE SET hosts = excluded.hosts,
addresses = excluded.addresses, scanners = excluded.scanners, seen_at = excluded.seen_at
WHERE excluded.seen_at >= seen_at"""


class Audited:
    """Every method raises StoreError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def keep(
        self,
        run: AuditRun,
        doors: Iterable[DoorSeen],
        fronts: Iterable[tuple[str, Before]] = (),
    ) -> None:
        """Keep what a run has found. Others may write in between, so that nobody waits long."""
        with self._transactions.writing() as connection:
            connection.execute(insert(audit_runs).values(run._asdict()))
            _forget(connection, run.finished_at)
        for batch in _batches(doors):
            with self._transactions.writing() as connection:
                _keep_doors(connection, batch, run.finished_at)
        for some in _batches(fronts):
            with self._transactions.writing() as connection:
                rows = [(domain, *_texts(front), run.finished_at) for domain, front in some]
                connection.exec_driver_sql(_FRONT, rows)

    def fronts(self) -> dict[str, Before]:
        """By domain, its front door when it was last seen whole."""
        chosen = "SELECT domain, hosts, addresses, scanners FROM audit_fronts"
        with self._transactions.reading() as connection:
            rows = connection.exec_driver_sql(chosen)
            return {domain: Before(*map(_words, texts)) for domain, *texts in rows}

    def history(self, domain: str) -> tuple[DoorSpan, ...]:
        """What every server did with a domain's mail, the oldest first."""
        columns = [audit_doors.c[name] for name in DoorSpan._fields]
        of = select(*columns).where(audit_doors.c.domain == domain)
        ordered = of.order_by(audit_doors.c.first_at, audit_doors.c.server, audit_doors.c.port)
        with self._transactions.reading() as connection:
            return tuple(DoorSpan(*row) for row in connection.execute(ordered))

    def runs(self, most: int = 100) -> tuple[AuditRun, ...]:
        """The newest audits, the newest first."""
        columns = [audit_runs.c[name] for name in AuditRun._fields]
        newest = select(*columns).order_by(audit_runs.c.id.desc()).limit(most)
        with self._transactions.reading() as connection:
            return tuple(AuditRun(*row) for row in connection.execute(newest))


def _keep_doors(connection: Connection, doors: list[DoorSeen], at: float) -> None:
    again: list[tuple[float, int]] = []
    new: list[tuple[object, ...]] = []
    for door in doors:
        row = connection.exec_driver_sql(_NEWEST, door[:3]).first()
        if row is not None and (row.verdict, row.how) == door[3:]:
            again.append((at, row.id))
        else:
            new.append((*door, at, at))
    if again:
        connection.exec_driver_sql(_AGAIN, again)
    if new:
        connection.exec_driver_sql(_NEW, new)


def _forget(connection: Connection, now: float) -> None:
    connection.execute(delete(audit_doors).where(audit_doors.c.last_at < now - KEPT))
    newest = select(audit_runs.c.id).order_by(audit_runs.c.id.desc()).offset(_MOST_RUNS).limit(1)
    last = connection.scalar(newest)
    if last is not None:
        connection.execute(delete(audit_runs).where(audit_runs.c.id <= last))


def _texts(front: Before) -> tuple[str, str, str]:
    """Names and addresses have no spaces."""
    hosts, addresses, scanners = (
        " ".join(sorted(words)) for words in (front.hosts, front.addresses, front.scanners)
    )
    return hosts, addresses, scanners


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    waiting = iter(items)
    return iter(lambda: list(islice(waiting, _BATCH)), [])
