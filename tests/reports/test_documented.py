"""docs/arrivals.md has each column of the table, with its type, and a query that works."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path

import duckdb
import pyarrow as pa

from mxward.reports.ingest import ingest
from mxward.reports.schema import SCHEMA, VERSION
from tests.reports.ingest.tables import ARRIVAL

PAGE = (Path(__file__).parents[2] / "docs" / "arrivals.md").read_text()
TYPES = {
    pa.timestamp("us", "UTC"): "timestamp",
    pa.string(): "text",
    pa.bool_(): "truth",
    pa.int32(): "number",
    pa.int64(): "number",
}


def test_every_column_is_documented() -> None:
    told = re.findall(r"^\| `(\w+)` \| (\w+) \| \S", PAGE, re.MULTILINE)
    assert told == [(field.name, TYPES[field.type]) for field in SCHEMA]
    assert f"here `{VERSION}`" in PAGE


def test_the_query_works(tmp_path: Path) -> None:
    (tmp_path / "mainlog").write_bytes(ARRIVAL)
    ingest([str(tmp_path / "mainlog")], tmp_path / "arrivals", zone=UTC)
    [query] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    found = duckdb.execute(query.replace("'arrivals/", f"'{tmp_path}/arrivals/")).fetchall()
    assert found == [("2010-11-17", 1, 1)]
