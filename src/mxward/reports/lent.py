"""Small tables that are lent to the questions."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

__all__ = ["texts"]


def texts(name: str, values: Iterable[str]) -> pa.Table:
    """A table of one column of texts."""
    return pa.table({name: pa.array(list(values), pa.string())})
