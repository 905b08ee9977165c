"""The questions asked of a Spark cluster through Spark Connect, where one machine is not enough.

The client needs no Java, and only small tables go to the cluster or come from it: the cluster reads
the arrivals itself, from directories that all its machines see under one name (a shared path,
`s3a://`, `hdfs://`), as `mxward ingest` writes them. Supported: Spark 4, at the addresses that its
own clients take (`sc://HOST:PORT/;use_ssl=true;token=...`). Not supported: logs; they are parsed
where they are.

Whatever the cluster's own settings, times are in UTC, `"name"` is a name, and days are text. An
executor that dies is Spark's to replace. A server that
does not answer for ten seconds is told as not reachable; one that goes away, some 20 s later.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from mxward.reports.engine import EngineError, Parameter, question
from mxward.reports.schema import SCHEMA

__all__ = ["SparkEngine"]

_REACHED_WITHIN = 10.0  # seconds
_RETRIES = 5  # with 0.05, 0.2, 0.8, 3.2 and 12.8 seconds in between
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
}
_TYPES = {
    pa.string(): "STRING",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)\b")


class SparkEngine:
    """Over the arrivals in directories that the cluster at `url` can read.

    Directories with a scheme are passed on as they are; others are made absolute. Raises
    EngineError where the client's packages are missing, the cluster cannot be reached, or a
    directory is not there.
    """

    def __init__(self, url: str, directories: Sequence[str | Path]) -> None:
        with _told():
            self._session = _connect(url)
        try:
            with _told():
                for name, value in _SETTINGS.items():
                    self._session.conf.set(name, value)
                tables = [self._read(str(directory)) for directory in directories]
                reduce(lambda a, b: a.unionByName(b), tables).createOrReplaceTempView("arrivals")
        except EngineError:
            self.close()
            raise

    def _read(self, directory: str) -> Any:
        place = directory if "://" in directory else str(Path(directory).absolute())
        reader = self._session.read.schema(_columns(SCHEMA)).option("pathGlobFilter", "*.parquet")
        return reader.parquet(place)

    # -- Engine ---------------------------------------------------------------------------------

    def lend(self, name: str, table: pa.Table) -> None:
        with _told():
            rows = table if table.num_rows else []
            frame = self._session.createDataFrame(rows, _columns(table.schema))
            frame.createOrReplaceTempView(name)

    def set_up(self, name: str, of: str | None = None, /, **parameters: Parameter) -> None:
        sql = _PARAMETER.sub(lambda found: _literal(parameters[found[1]]), question(of or name))
        with _told():
            self._session.sql(f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {sql}")

    def ask(self, name: str, **parameters: Parameter) -> pa.Table:
        with _told():
            return self._session.sql(question(name), args=parameters or None).toArrow()

    def close(self) -> None:
        with suppress(EngineError), _told():
            self._session.stop()


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_TYPES[field.type]}" for field in schema)


def _connect(url: str) -> Any:
    """A session of its own, on a server that answers."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it would write to standard error by itself
    try:
        import grpc
        from pyspark.sql.connect.client import DefaultChannelBuilder
        from pyspark.sql.connect.client.retries import DefaultPolicy
        from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise EngineError(
            f"{error.name} is missing; install it with: pip install 'mxward[spark]'"
        ) from error
    _hush()
    channel = DefaultChannelBuilder(url).toChannel()
    try:
        grpc.channel_ready_future(channel).result(timeout=_REACHED_WITHIN)
    except grpc.FutureTimeoutError:
        raise EngineError(
            f"{_without_secrets(url)} does not answer: is it the address of a Spark Connect server"
            " (port 15002 where nothing else is said), and does a firewall let this machine in?"
        ) from None
    finally:
        channel.close()
    session = SparkSession.builder.remote(url).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=_RETRIES)])
    return session


def _without_secrets(url: str) -> str:
    """What stands behind the host may be a token."""
    return url.partition("/;")[0]


def _hush() -> None:
    """Spark's client logs every error by itself, with a stack of Java's: one line is ours."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).disabled = True
    warnings.filterwarnings("ignore", module=r"pyspark\.")


def _literal(value: Parameter) -> str:
    """For views, which take no parameters. Spark reads a backslash as an escape."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


@contextmanager
def _told() -> Iterator[None]:
    """Everything that the client raises, as one line. Its packages may be missing altogether."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("grpc", "pyspark"):
            raise
        said = str(error).strip() or type(error).__name__
        raise EngineError(f"Spark: {said.splitlines()[0]}") from error
