"""What stands in a table, as plain rows; and what ingest is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mxward.maillog.logged import Tally

__all__ = ["ARRIVAL", "counted", "files", "rows"]

ARRIVAL = (
    b"2010-11-17 09:28:01 [15397] 1PIcQq-00040L-2X <= e-cards@hallmark.com H=(hallmark.com) "
    b"[4.3.90.120]:61593 I=[19.3.40.91]:25 P=esmtp S=686941 "
    b'T="You have received A Hallmark E-Card!" from  for shaun@it.co.za\n'
)


def files(table: Path) -> list[Path]:
    """All files of rows, as whoever asks the table finds them."""
    return sorted(table.glob("day=*/[!._]*.parquet"))


def rows(table: Path) -> list[dict[str, Any]]:
    """All rows, in the order of their logs."""
    found = []
    for path in files(table):
        day = path.parent.name.removeprefix("day=")
        found += [{**row, "day": day} for row in pq.ParquetFile(path).read().to_pylist()]
    return sorted(found, key=lambda row: (row["log"], row["line"], str(row["recipient"])))


def counted(tally: Tally) -> tuple[Any, ...]:
    """All that a tally says."""
    return tally.lines, dict(tally.told), dict(tally.strange), tally.samples
