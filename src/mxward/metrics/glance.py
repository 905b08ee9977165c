"""A running proxy at a glance: what `mxward status` tells, for people and programs."""

from __future__ import annotations

from typing import Any

from mxward import __version__
from mxward.metrics import catalogue
from mxward.metrics.board import Board
from mxward.metrics.health import health
from mxward.metrics.recent import in_last_minute

__all__ = ["glance", "seated"]


def glance(board: Board, supervisor: int, monotonic: float, now: float) -> dict[str, Any]:
    """All of it, as it goes over the wire. `supervisor` is the pid; times are in seconds since the
    epoch, but for `monotonic`, the system's clock of that name.
    """
    found = health(board, monotonic)
    doors = {state: _most(board, catalogue.DOORS.column(state)) for state in ("fresh", "stale")}
    return {
        "version": __version__,
        "pid": supervisor,
        "started": _most(board, catalogue.STARTED),
        "well": found.well,
        "wrong": list(found.wrong),
        "sessions": int(board.total(catalogue.OPEN.name)),
        "sessions_allowed": int(_most(board, catalogue.ROOM.name)),
        "workers": [_worker(board, seat, row) for seat, row in sorted(seated(board).items())],
        "workers_wanted": found.workers,
        "domains": int(_most(board, catalogue.DOMAINS.name)),
        "front_doors": {
            **{state: int(number) for state, number in doors.items()},
            "oldest_seconds": round(_most(board, catalogue.OLDEST.name)),
        },
        "dns_failed": int(
            sum(
                board.total(catalogue.QUESTIONS.column(*values))
                for values in catalogue.QUESTIONS.series
                if values[1] == "failed"
            )
        ),
        "configuration": {
            "read": _most(board, catalogue.RELOADED.name),
            "refused": _most(board, catalogue.REFUSED),
        },
        "last_minute": in_last_minute(board, now),
        "now": now,
    }


def seated(board: Board) -> dict[int, int]:
    """The row of each worker; where one takes over from another, that of the later beat."""
    beats = sorted((board.value(row, catalogue.HEARTBEAT), row) for row in board.rows)
    seats = {int(board.value(row, catalogue.SEAT)) - 1: row for _, row in beats}
    seats.pop(-1, None)
    return seats


def _worker(board: Board, seat: int, row: int) -> dict[str, Any]:
    return {
        "worker": seat,
        "pid": int(board.value(row, catalogue.PID)),
        "sessions": int(board.value(row, catalogue.OPEN.name)),
        "resident_bytes": int(board.value(row, catalogue.RESIDENT.name)),
        "cpu_seconds": round(board.value(row, catalogue.CPU.name), 1),
    }


def _most(board: Board, column: str) -> float:
    return max(board.value(row, column) for row in board.rows)
