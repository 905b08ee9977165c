"""What was decided in the last minute, as a ring of short spans that all processes see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mxward.metrics.board import Board, Row
from mxward.model import Action

__all__ = ["UNDECIDED", "Recent", "columns", "in_last_minute"]

UNDECIDED = "undecided"
SPAN = 5.0
"""Seconds; one more than fill the minute, for the one that has just begun is not whole."""
_SPANS = 13
_WHAT = (*Action, UNDECIDED)


def columns() -> Iterator[str]:
    """The columns of the board that this needs."""
    for place in range(_SPANS):
        yield _begun(place)
        for what in _WHAT:
            yield _decided(place, what)


class Recent:
    """One process's decisions, for the thread that counts them."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def count(self, at: float, what: str) -> None:
        """One decision, in seconds since the epoch; what came longer ago gives way."""
        row, span = self._row, int(at / SPAN)
        place = span % _SPANS
        if row.get(_begun(place)) != span:
            for each in _WHAT:
                row.set(_decided(place, each), 0.0)
            row.set(_begun(place), span)
        row.add(_decided(place, what))


def in_last_minute(board: Board, now: float) -> dict[str, int]:
    """How many were decided in what way, by all processes."""
    found: Counter[str] = Counter({str(what): 0 for what in _WHAT})
    last = int(now / SPAN)
    for row in board.rows:
        for place in range(_SPANS):
            if last - _SPANS < board.value(row, _begun(place)) <= last:
                for what in _WHAT:
                    found[str(what)] += int(board.value(row, _decided(place, what)))
    return dict(found)


def _begun(place: int) -> str:
    return f"recent {place}"


def _decided(place: int, what: str) -> str:
    return f"recent {place} {what}"
