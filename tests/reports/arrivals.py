"""Tables of arrivals for tests: rows written by hand, as Parquet as `mxward ingest` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mxward import domains
from mxward.reports.schema import SCHEMA

__all__ = ["WHEN", "row", "write"]

WHEN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_ids = count()


def row(
    client: str | None = "203.0.113.9", recipient: str | None = "shaun@it.co.za", **told: Any
) -> dict[str, Any]:
    """One recipient of one message that was accepted; everything else is not asked."""
    at = told.pop("arrived_at", WHEN)
    sender = told.get("sender")
    return {
        **dict.fromkeys(SCHEMA.names),
        "arrived_at": at,
        "day": f"{at:%Y-%m-%d}",
        "outcome": "accepted",
        "program": "exim",
        "copy": False,
        "message": f"m{next(_ids)}",
        "client": client,
        "client_key": key(client),
        "interface_key": key(told.get("interface")),
        "recipient": recipient,
        "recipient_key": None if recipient is None else recipient_key(recipient),
        "sender_domain": None if sender is None else domains.of_recipient(sender),
        "log": "mainlog",
        "line": 1,
        **told,
    }


def key(text: str | None) -> str | None:
    """An address as 32 hexadecimal digits."""
    if text is None:
        return None
    address = ip_address(text)
    return f"{int(address) + (0xFFFF << 32) * (address.version == 4):032x}"


def recipient_key(recipient: str) -> str:
    """As the schema has it: the domain, or all of what hides it."""
    domain = domains.of_recipient(recipient)
    return domain if domain and "." in domain and recipient.isascii() else recipient


def write(directory: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """A directory as `mxward ingest` leaves it."""
    by_day: dict[str, list[dict[str, Any]]] = {}
    for each in rows:
        by_day.setdefault(each["day"], []).append(each)
    directory.mkdir(parents=True, exist_ok=True)
    for day, those in by_day.items():
        place = directory / f"day={day}"
        place.mkdir(exist_ok=True)
        table = pa.Table.from_pylist(those, SCHEMA).drop_columns(["day"])
        pq.write_table(table, place / f"rows-{next(_ids)}.parquet")
    return directory
