"""The trusted clients of the store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from mxward.domains import Domains
from mxward.model import Trust
from mxward.networks import network
from mxward.store.schema import trust
from mxward.store.transactions import Transactions

__all__ = ["Entry", "TrustedClients"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A trusted client, and who added it when (seconds since the epoch)."""

    trust: Trust
    added_at: float
    added_by: str


class TrustedClients:
    """Each has an id, which is never given again. Every method raises StoreError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def entries(self) -> tuple[Entry, ...]:
        """All of them, those that have expired too, in the order in which they were added."""
        with self._transactions.reading() as connection:
            rows = connection.execute(select(trust).order_by(trust.c.id)).all()
            return tuple(_entry(row) for row in rows)

    def add(self, client: Trust, at: float, by: str) -> int:
        """Trust a client; gives the entry's id."""
        row = {
            "owner": client.owner,
            "note": client.note,
            "network": str(client.network) if client.network is not None else None,
            "name": client.name,
            "certificate": client.certificate,
            "recipients": json.dumps(list(client.recipients)),
            "senders": json.dumps(list(client.senders)),
            "expires": client.expires,
            "added_at": at,
            "added_by": by,
        }
        with self._transactions.giving_word() as connection:
            made = connection.execute(insert(trust).values(row)).inserted_primary_key
            return int(made[0]) if made else 0

    def remove(self, number: int) -> bool:
        """Trust it no more; whether there was such an entry."""
        with self._transactions.giving_word() as connection:
            return connection.execute(delete(trust).where(trust.c.id == number)).rowcount == 1

    def expire(self, number: int, at: float | None) -> bool:
        """Let it end then (seconds since the epoch), or never; whether there is such an entry."""
        with self._transactions.giving_word() as connection:
            ends = update(trust).where(trust.c.id == number).values(expires=at)
            return connection.execute(ends).rowcount == 1


def _entry(row: Row[Any]) -> Entry:
    """Raises ValueError where it is not as we write it."""
    given = [value for value in (row.network, row.name, row.certificate) if value is not None]
    if len(given) != 1:
        raise ValueError(f"trust {row.id} has {len(given)} identities")
    client = Trust(
        owner=str(row.owner),
        note=str(row.note),
        network=network(row.network) if row.network is not None else None,
        name=row.name,
        certificate=row.certificate,
        recipients=Domains(json.loads(row.recipients)),
        senders=Domains(json.loads(row.senders)),
        expires=None if row.expires is None else float(row.expires),
        place=f"store, entry {row.id}",
        id=row.id,
    )
    return Entry(client, float(row.added_at), str(row.added_by))
