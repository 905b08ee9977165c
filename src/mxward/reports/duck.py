"""The questions asked of DuckDB, in this process: nothing to set up, no server.

Its memory is bounded; what does not fit goes to a temporary directory of its own. It reads Parquet
and nothing else: extensions are neither loaded nor downloaded.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from mxward.reports.engine import EngineError, Parameter, question
from mxward.reports.schema import SCHEMA, VERSION

__all__ = ["DuckEngine"]

_MEMORY = "512MB"
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


class DuckEngine:
    """Over the arrivals in directories of Parquet files, as `mxward ingest` writes them."""

    def __init__(self, directories: Iterable[Path], memory: str = _MEMORY) -> None:
        self._spill = tempfile.TemporaryDirectory(prefix="mxward-")
        with _told():
            self._connection = duckdb.connect(
                config={
                    "memory_limit": memory,
                    "threads": len(os.sched_getaffinity(0)),
                    "temp_directory": self._spill.name,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "preserve_insertion_order": False,
                }
            )
            self._connection.execute("SET TimeZone = 'UTC'")
            self._open(directories)

    def _open(self, directories: Iterable[Path]) -> None:
        files = sorted(str(f) for each in directories for f in each.glob("day=*/[!._]*.parquet"))
        if not files:
            self._connection.register("arrivals", SCHEMA.empty_table())
            return
        listed = ", ".join(map(_literal, files))
        self._check(listed)
        self._connection.execute(
            f"CREATE TEMP VIEW arrivals AS SELECT * FROM read_parquet([{listed}], "  # noqa: S608
            "hive_partitioning = true, hive_types_autocast = false)"
        )

    def _check(self, files: str) -> None:
        """All of them must be of the schema that is known here. Raises EngineError."""
        sql = (
            f"SELECT f.file_name, decode(k.value) FROM parquet_file_metadata([{files}]) AS f "  # noqa: S608
            f"LEFT JOIN (FROM parquet_kv_metadata([{files}]) WHERE decode(key) = 'mxward') AS k "
            "ON f.file_name = k.file_name "
            f"WHERE decode(k.value) IS DISTINCT FROM '{VERSION}' ORDER BY 1 LIMIT 1"
        )
        others = self._connection.sql(sql).fetchall()
        if not others:
            return
        name, version = others[0]
        if version is None:
            raise EngineError(f"{name}: is no file of arrivals; name a table of `mxward ingest`")
        age = "a newer" if version.isdecimal() and int(version) > VERSION else "an older"
        raise EngineError(
            f"{name}: was written by {age} mxward (schema {version}, here {VERSION}); let "
            "`mxward ingest` read the logs again"
        )

    # -- Engine ---------------------------------------------------------------------------------

    def lend(self, name: str, table: pa.Table) -> None:
        with _told():
            self._connection.register("lent", table)
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM lent")
            self._connection.unregister("lent")

    def set_up(self, name: str, of: str | None = None, /, **parameters: Parameter) -> None:
        sql = _PARAMETER.sub(lambda found: _literal(parameters[found[1]]), question(of or name))
        with _told():
            self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

    def ask(self, name: str, **parameters: Parameter) -> pa.Table:
        sql = _PARAMETER.sub(r"$\1", question(name))
        with _told():
            return self._connection.sql(sql, params=parameters or None).to_arrow_table()

    def close(self) -> None:
        self._connection.close()
        self._spill.cleanup()


def _literal(value: Parameter) -> str:
    """For views, which take no parameters."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise EngineError(str(error).partition("\n")[0]) from error
