"""Rows of any days end in one file for each day, with few of them open at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mxward.reports.ingest.partitions import OPEN, Partitions
from mxward.reports.ingest.rows import rows
from mxward.reports.schema import SCHEMA
from tests.reports.ingest.test_rows import LOGGED

_DAY = 86_400


def batch(*days: int) -> pa.RecordBatch:
    return rows([LOGGED._replace(at=day * _DAY, line=n) for n, day in enumerate(days)], "l", False)


def test_each_day_has_a_file(tmp_path: Path) -> None:
    with Partitions(tmp_path, "log-0") as written:
        written.add(batch(1, 2, 1))
        written.add(batch(2, 0))
    assert written.days == ["1970-01-01", "1970-01-02", "1970-01-03"]
    found = {
        str(path.relative_to(tmp_path)): pq.ParquetFile(path) for path in tmp_path.rglob("*.*")
    }
    assert {name: file.read()["line"].to_pylist() for name, file in found.items()} == {
        "day=1970-01-01/log-0.parquet": [1],
        "day=1970-01-02/log-0.parquet": [0, 2],
        "day=1970-01-03/log-0.parquet": [1, 0],
    }
    for file in found.values():
        assert file.schema_arrow.equals(SCHEMA.remove(SCHEMA.get_field_index("day")))
        assert file.schema_arrow.metadata == SCHEMA.metadata


def test_days_that_jump_about_open_few_files(
    tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    days, most = count(50, 3000), 0
    with Partitions(tmp_path, "log-0", together=100) as written:
        for number in range(days // 10):
            written.add(batch(*(n * 7919 % days for n in range(number * 50, number * 50 + 50))))
            links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
            open_ = [link.readlink() for link in links if link.exists()]
            most = max(most, sum(path.is_relative_to(tmp_path) for path in open_))
    assert 0 < most <= OPEN
    files = sorted(tmp_path.rglob("*.*"))
    assert len(files) == len(written.days) == days
    assert sum(pq.ParquetFile(path).metadata.num_rows for path in files) == days // 10 * 50


def test_no_file_is_left_of_what_was_not_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Partitions(tmp_path, "log-0") as written:
        written.add(batch(1))
        raise KeyboardInterrupt
    assert list(tmp_path.rglob("*.parquet")) == []


def test_the_time_of_a_day_is_utc(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp()
    told = rows([LOGGED._replace(at=at), LOGGED._replace(at=at + 1)], "l", False)
    assert told.column("day").to_pylist() == ["2026-03-01", "2026-03-02"]
