"""Whether the proxy is well: every worker's event loop goes round, and the mail server answers.

The mail server is well until it is found not to be: on a quiet day nobody asks it. One connection
that fails among others that do not is no illness either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mxward.metrics import catalogue
from mxward.metrics.board import Board

__all__ = ["SILENT", "STILL", "Health", "health"]

STILL = 10.0
"""Seconds without a heartbeat after which a worker is not well."""
SILENT = 30.0
"""Seconds since the mail server's last answer, where connections to it have failed since."""


@dataclass(frozen=True, slots=True)
class Health:
    """How it stands. What is wrong is in `wrong`, a line each; empty where all is well."""

    workers: int  # that there should be
    beating: int
    wrong: tuple[str, ...]

    @property
    def well(self) -> bool:
        return not self.wrong


def health(board: Board, now: float) -> Health:
    """How it stands; `now` is the system's monotonic clock."""
    seats = range(int(max(board.value(row, catalogue.WORKERS.name) for row in board.rows)))
    beating = {
        int(board.value(row, catalogue.SEAT)) - 1
        for row in board.rows
        if now - board.value(row, catalogue.HEARTBEAT) <= STILL
    }.intersection(seats)
    wrong = [f"worker {seat} does not answer" for seat in seats if seat not in beating]
    if not seats:
        wrong = ["not ready yet"]
    return Health(len(seats), len(beating), (*wrong, *_mail_server(board, now)))


def _mail_server(board: Board, now: float) -> Iterator[str]:
    answered = max(board.value(row, catalogue.ANSWERED) for row in board.rows)
    failed = max(board.value(row, catalogue.FAILED) for row in board.rows)
    if failed > answered:
        if not answered:
            yield "the mail server has not answered yet"
        elif now - answered > SILENT:
            yield f"the mail server has not answered for {now - answered:.0f} s"
