"""The one error of the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

__all__ = ["DAMAGED", "StoreError", "told_of"]

DAMAGED = "the store is damaged; move it away to start anew, or put a good copy in its place"
_NOT_OURS = "; the file and its directory must exist and be mxward's own"


class StoreError(Exception):
    """The store cannot be used; one line says which file, why, and what to do."""


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with the file into a StoreError."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{path}: {_reason(error.orig)}") from error
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path}: {_reason(error)}") from error
    except (ValueError, TypeError, KeyError) as error:  # rows that are not as we write them
        raise StoreError(f"{path}: {DAMAGED}") from error


def _reason(error: BaseException | None) -> str:
    if isinstance(error, sqlite3.OperationalError):
        if "locked" in str(error):
            return "the store is locked by another process; try again"
        if "full" in str(error) or "I/O" in str(error):
            return f"{error}: the disk takes no more, or is broken; make room, or mend it"
        return f"{error}{_NOT_OURS if 'open' in str(error) or 'readonly' in str(error) else ''}"
    if isinstance(error, sqlite3.DatabaseError):
        return DAMAGED
    if isinstance(error, OSError):
        return f"{error.strerror}{_NOT_OURS}"
    return str(error)
