"""Small tables that are lent to the questions."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from mxward.networks import Network

__all__ = ["numbers", "ranges", "texts"]


def texts(name: str, values: Iterable[str]) -> pa.Table:
    """A table of one column of texts."""
    return pa.table({name: pa.array(list(values), pa.string())})


def numbers(name: str, values: Iterable[int]) -> pa.Table:
    """A table of one column of whole numbers."""
    return pa.table({name: pa.array(list(values), pa.int32())})


def ranges(nets: Iterable[Network]) -> pa.Table:
    """Networks as ranges of keys: `first_key`, `last_key`."""
    pairs = [(_key(int(net[0]), net.version), _key(int(net[-1]), net.version)) for net in nets]
    return pa.table(
        {
            "first_key": pa.array([first for first, _ in pairs], pa.string()),
            "last_key": pa.array([last for _, last in pairs], pa.string()),
        }
    )


def _key(number: int, version: int) -> str:
    return f"{number + (0xFFFF << 32) * (version == 4):032x}"
