"""Rows of the table of arrivals -> Parquet files of one day each: `day=2010-11-17/NAME.parquet`.

Memory and open files are bounded, whatever the days: a log may be dated wrongly, or jump about.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mxward.reports.schema import SCHEMA

__all__ = ["OPEN", "Partitions", "writer"]

_ROWS = 1 << 17
"""How many rows wait in memory, of all days together."""
OPEN = 8
"""How many files are written at once, however many days there are."""
_COMPRESSION = "zstd"
_WITHOUT_DAY = pa.schema([f for f in SCHEMA if f.name != "day"], SCHEMA.metadata)
_SELDOM_TWICE = {"arrived_at", "message", "client_port", "sender", "size", "line"}
"""Columns in which it costs more to look for what was there before than to write it again."""
_DICTIONARIES = [name for name in _WITHOUT_DAY.names if name not in _SELDOM_TWICE]


class Partitions:
    """Writes rows below `directory`, in files of one day each: `day=.../NAME.parquet`.

    Close it in the end; rows that were not yet written are then, and each day has one file.
    Memory and open files are bounded, whatever the days. Every method raises OSError.
    """

    def __init__(self, directory: Path, name: str, *, together: int = _ROWS) -> None:
        """So many rows wait `together` before they are written."""
        self._directory = directory
        self._name = name
        self._together = together
        self._waiting: dict[str, list[pa.RecordBatch]] = defaultdict(list)
        self._rows = 0
        self._open: OrderedDict[str, pq.ParquetWriter] = OrderedDict()
        self._pieces: dict[str, list[Path]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()

    @property
    def days(self) -> list[str]:
        """All that there are rows of."""
        return sorted({*self._pieces, *self._waiting})

    def add(self, batch: pa.RecordBatch) -> None:
        """Take rows of any days."""
        for day, rows in _by_day(batch):
            self._waiting[day].append(rows)
        self._rows += batch.num_rows
        if self._rows >= self._together:
            self._flush()

    def close(self) -> None:
        """Write all that waits, and end every file."""
        self._flush()
        while self._open:
            self._open.popitem()[1].close()
        for day, pieces in self._pieces.items():
            whole = self._directory / f"day={day}" / f"{self._name}.parquet"
            if len(pieces) == 1:
                pieces[0].rename(whole)
            else:
                _join(pieces, whole)

    def _flush(self) -> None:
        for day, batches in self._waiting.items():
            table = pa.Table.from_batches(batches).drop_columns(["day"])
            self._writer(day).write_table(table.replace_schema_metadata(SCHEMA.metadata), _ROWS)
        self._waiting.clear()
        self._rows = 0

    def _writer(self, day: str) -> pq.ParquetWriter:
        """The days written last keep their files open."""
        found = self._open.get(day)
        if found is not None:
            self._open.move_to_end(day)
            return found
        while len(self._open) >= OPEN:
            self._open.popitem(last=False)[1].close()
        pieces = self._pieces[day]
        place = self._directory / f"day={day}"
        place.mkdir(parents=True, exist_ok=True)
        pieces.append(place / f"{self._name}.{len(pieces)}")
        self._open[day] = opened = writer(pieces[-1])
        return opened


def writer(path: Path) -> pq.ParquetWriter:
    """Writes one file of the table: rows of one day, without it. Raises OSError."""
    return pq.ParquetWriter(
        path, _WITHOUT_DAY, compression=_COMPRESSION, use_dictionary=_DICTIONARIES
    )


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    days = batch.column("day").unique().to_pylist()
    for day in days:
        yield day, batch if len(days) == 1 else batch.filter(pc.equal(batch.column("day"), day))


def _join(pieces: list[Path], whole: Path) -> None:
    """One file of several, a group of rows at a time."""
    with writer(whole) as file_of_all:
        for piece in pieces:
            with pq.ParquetFile(piece) as file:
                for batch in file.iter_batches(_ROWS):
                    file_of_all.write_batch(batch)
            piece.unlink()
