"""DuckDB over a table of arrivals, and tables that it cannot use."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mxward.reports.duck import DuckEngine
from mxward.reports.engine import EngineError
from mxward.reports.lent import texts
from tests.reports.arrivals import row, write


def rewrite(table: Path, metadata: dict[str, str] | None) -> None:
    """As another mxward, or another program, would have written it."""
    (file,) = table.glob("day=*/*.parquet")
    with pq.ParquetFile(file) as opened:
        rows = opened.read()
    pq.write_table(rows.replace_schema_metadata(metadata), file)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"mxward": "2"}, "was written by a newer mxward (schema 2, here 1)"),
        ({"mxward": "0"}, "was written by an older mxward (schema 0, here 1)"),
        ({"pandas": "{}"}, "is no file of arrivals"),
        (None, "is no file of arrivals"),
    ],
)
def test_a_table_of_another_schema(
    tmp_path: Path, metadata: dict[str, str] | None, why: str
) -> None:
    table = write(tmp_path / "it's", [row()])
    DuckEngine([table]).close()
    rewrite(table, metadata)
    with pytest.raises(EngineError) as told:
        DuckEngine([table])
    assert why in str(told.value)
    assert "it's" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_broken_file(tmp_path: Path) -> None:
    table = write(tmp_path / "table", [row()])
    (file,) = table.glob("day=*/*.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(EngineError, match=file.name):
        DuckEngine([table])


def test_what_is_lent_again_takes_the_place_of_what_was() -> None:
    engine = DuckEngine([])
    for names in (["203.0.113.9"], ["203.0.113.9", "it's"], []):
        engine.lend("honest", texts("client", names))
        assert engine._connection.sql("FROM honest").fetchall() == [(name,) for name in names]
    engine.close()


def test_files_that_wait_to_be_complete_are_no_part_of_it(tmp_path: Path) -> None:
    table = write(tmp_path / "table", [row()])
    (file,) = table.glob("day=*/*.parquet")
    (file.parent / ".half.parquet").write_bytes(b"PAR1")
    engine = DuckEngine([table])
    assert engine.ask("totals")["rows"].to_pylist() == [1]
    engine.close()


def test_numbers_are_numbers(tmp_path: Path) -> None:
    """Whatever DuckDB makes of sums: JSON knows no decimals."""
    engine = DuckEngine([write(tmp_path / "table", [row(), row()])])
    assert {str(kind) for kind in engine.ask("totals").schema.types} == {
        str(pa.int64()),
        str(pa.timestamp("us", "UTC")),
    }
    engine.close()
