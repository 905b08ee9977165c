"""Processes that a test started, and theirs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["children", "only_child", "wait_until_gone"]


def children(parent: int) -> list[int]:
    """The processes that one has started, the oldest first; none where it is gone."""
    try:
        return [
            int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        ]
    except OSError:
        return []


def only_child(parent: int) -> int:
    """The one process that it has: the worker of an `mxward serve` with one."""
    (child,) = children(parent)
    return child


def wait_until_gone(pids: Iterable[int], seconds: float = 10.0) -> None:
    """Until they run no more, whoever is to bury them. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while any(map(_runs, pids)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"one of {pids} still runs")
        time.sleep(0.005)


def _runs(pid: int) -> bool:
    """Whether any of its threads does: the first may be done before the others."""
    try:
        stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return _runs(pid)
    return any(stat[stat.rindex(")") + 2] not in "ZX" for stat in stats)
