"""Finding the store's file, making it, and bringing it to the newest schema.

A new file is made whole under another name and then linked into place: so it never exists half
made, an empty file is always damage, and of several processes that start at once one comes first.
Alembic is loaded only where there is something to do: it costs more than the rest of a start.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import quote

from sqlalchemy import Connection, Engine, StaticPool, create_engine

from mxward.store.errors import DAMAGED, StoreError, told_of
from mxward.store.schema import REVISION

__all__ = ["open_engine"]

_BUSY = 5.0  # seconds to wait for another process's transaction
_MIGRATIONS = "mxward.store:migrations"


def open_engine(path: Path, *, read_only: bool) -> Engine:
    """An engine with one connection, to the newest schema. Raises StoreError."""
    with told_of(path):
        if not path.exists():
            if read_only:
                raise StoreError(f"{path}: there is no store yet; `mxward serve` makes it")
            _make(path)
        engine = _engine(path, "ro" if read_only else "rw")
        try:
            _bring_up_to_date(engine, path, read_only)
            if not read_only:
                _set_up(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine


def _make(path: Path) -> None:
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no directory {path.parent}; make it, for mxward alone")
    descriptor, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    os.close(descriptor)
    draft = Path(name)
    try:
        engine = _engine(draft, "rw")
        with engine.connect() as connection:
            _migrate(connection)
        _set_up(engine)
        engine.dispose()
        with suppress(FileExistsError):  # another process came first
            path.hardlink_to(draft)
    finally:
        draft.unlink()


def _engine(path: Path, mode: str) -> Engine:
    """One connection, used from one thread at a time; transactions begin where we say so."""
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            uri, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )

    return create_engine("sqlite://", creator=connect, poolclass=StaticPool)


def _set_up(engine: Engine) -> None:
    """Readers and one writer at once; a power cut may cost the last moments, never the file."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")


def _bring_up_to_date(engine: Engine, path: Path, read_only: bool) -> None:
    with engine.connect() as connection:
        tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master")}
        if not tables:
            raise StoreError(f"{path}: {DAMAGED}")
        if "alembic_version" not in tables:
            raise StoreError(f"{path}: this is not a store of mxward; give another path")
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        if found == REVISION:
            return
        if found not in _revisions():
            raise StoreError(f"{path}: a newer mxward made this store; use that one")
        if read_only:
            raise StoreError(f"{path}: an older mxward made this store; start `mxward serve` once")
        connection.rollback()
        _migrate(connection)


def _revisions() -> set[str]:
    """The steps this mxward knows."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    return {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}


def _migrate(connection: Connection) -> None:
    """Take the steps that are missing, all or none; another process's steps are waited for."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = connection
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    command.upgrade(config, "head")
    connection.commit()
