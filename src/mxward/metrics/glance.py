"""A running proxy at a glance: what `mxward status` tells, for people and programs.

What wants a look is what is not healthy, and what deploy/alerts.yml would tell of as it stands now.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxward import __version__
from mxward.metrics import catalogue
from mxward.metrics.board import Board
from mxward.metrics.health import STILL, health
from mxward.metrics.recent import in_last_minute

__all__ = ["glance", "seated"]

_SOON = 14 * 86_400.0
_STOPPING = "it is stopping: messages under way may end, and no client is let in"


def glance(board: Board, supervisor: int, monotonic: float, now: float) -> dict[str, Any]:
    """All of it, as it goes over the wire. `supervisor` is the pid; times are in seconds since the
    epoch, but for `monotonic`, the system's clock of that name.
    """
    found = health(board, monotonic)
    wrong = [_STOPPING] if _stops(board, monotonic) else [*found.wrong, *_concerns(board, now)]
    return {
        "version": __version__,
        "pid": supervisor,
        "started": _most(board, catalogue.STARTED),
        "well": not wrong,
        "wrong": wrong,
        "sessions": int(board.total(catalogue.OPEN.name)),
        "sessions_allowed": int(_most(board, catalogue.ROOM.name)),
        "workers": [_worker(board, seat, row) for seat, row in sorted(seated(board).items())],
        "workers_wanted": found.workers,
        "worker_restarts": int(board.total(catalogue.RESTARTS.name)),
        "domains": int(_most(board, catalogue.DOMAINS.name)),
        "front_doors": {
            **_doors(board),
            "oldest_seconds": round(_most(board, catalogue.OLDEST.name)),
        },
        "answers_remembered": int(_most(board, catalogue.REMEMBERED.name)),
        "dns_questions": int(sum(map(board.total, catalogue.QUESTIONS.columns))),
        "dns_failed": int(
            sum(
                board.total(catalogue.QUESTIONS.column(*values))
                for values in catalogue.QUESTIONS.series
                if values[1] == "failed"
            )
        ),
        "certificate_ends": _certificate_ends(board),
        "configuration": {
            "read": _most(board, catalogue.RELOADED.name),
            "refused": _most(board, catalogue.REFUSED),
        },
        "last_minute": in_last_minute(board, now),
        "now": now,
    }


def _stops(board: Board, monotonic: float) -> bool:
    """Whether all workers that live are leaving, and no others come."""
    beats = [board.value(row, catalogue.HEARTBEAT) for row in board.rows]
    return not seated(board) and any(monotonic - beat <= STILL for beat in beats if beat)


def _concerns(board: Board, now: float) -> Iterator[str]:
    """What works, and yet should be looked at."""
    if _most(board, catalogue.REFUSED) > _most(board, catalogue.RELOADED.name):
        yield "a newer configuration was refused; `mxward check-config` says why, or the log"
    doors = _doors(board)
    for state, why in (("stale", "not confirmed by the DNS in time"), ("failed", "not found")):
        if doors[state] > 0.1 * sum(doors.values()):
            yield f"{doors[state]:,} of {sum(doors.values()):,} front doors are {why}"
    clients, allowed = board.total(catalogue.OPEN.name), _most(board, catalogue.ROOM.name)
    if clients > 0.8 * allowed:
        yield f"{clients:,.0f} clients of the {allowed:,.0f} that limits.connections allows"
    ends = _certificate_ends(board)
    if ends is not None and ends - now < _SOON:
        days = (ends - now) / 86_400
        yield f"a certificate ends in {days:.0f} days" if days > 0 else "a certificate has ended"


def _doors(board: Board) -> dict[str, int]:
    return {
        state: int(_most(board, catalogue.DOORS.column(state)))
        for (state,) in catalogue.DOORS.series
    }


def _certificate_ends(board: Board) -> float | None:
    """When the first of them does; None where there is none."""
    ends = [board.value(row, catalogue.CERTIFICATE_ENDS.name) for row in board.rows]
    return min(filter(None, ends), default=None)


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
