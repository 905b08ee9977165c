"""The store on SQLite holds the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxward.store.database import Store
from tests.store.contract import Connect, StoreContract


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store without anything in it: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    Store.open(path).close()
    return path.read_bytes()


class TestSqlite(StoreContract):
    @pytest.fixture
    def connect(self, tmp_path: Path, empty: bytes) -> Iterator[Connect]:
        path = tmp_path / "store.db"
        path.write_bytes(empty)
        opened: list[Store] = []

        def connect() -> Store:
            opened.append(Store.open(path))
            return opened[-1]

        yield connect
        for store in opened:
            store.close()
