"""The open file, and transactions on it: what every part of the store works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert

from mxward.store.errors import StoreError, told_of
from mxward.store.schema import sizes

__all__ = ["Transactions"]

_WORDS = "words"
_MOVED = (
    "the store was moved away or replaced, and what mxward writes is lost; "
    "restart mxward, or put it back"
)


class Transactions:
    """All raise StoreError where the file cannot be used."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine
        self._file = self._identity()
        self._version = self._data_version()

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read within is of one moment."""
        with self._begun("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """IMMEDIATE, so that nobody else writes between what is read and what is written."""
        with self._begun("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def giving_word(self) -> Iterator[Connection]:
        """As `writing`, and those who serve notice that the operator has said something."""
        with self.writing() as connection:
            yield connection
            put = insert(sizes).values(name=_WORDS, count=1)
            connection.execute(
                put.on_conflict_do_update(
                    index_elements=["name"], set_={"count": sizes.c["count"] + 1}
                )
            )

    def words(self) -> int:
        """How often the operator has said something: it grows with each `giving_word`."""
        with self.reading() as connection:
            found = connection.scalar(select(sizes.c["count"]).where(sizes.c.name == _WORDS))
            return int(found or 0)

    def changed(self) -> bool:
        """Whether another process has written since this was asked last, or since the start.

        Raises StoreError where the file is not in its place any more: what others write is not
        seen then, nor what is written here by anybody.
        """
        if self._identity() != self._file:
            raise StoreError(f"{self._path}: {_MOVED}")
        before, self._version = self._version, self._data_version()
        return self._version != before

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self._path}: {error.strerror}") from error
        return found.st_dev, found.st_ino

    def _data_version(self) -> int:
        with told_of(self._path), self._engine.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Connection]:
        with told_of(self._path), self._engine.connect() as connection:
            connection.exec_driver_sql(begin)
            yield connection
            connection.commit()
