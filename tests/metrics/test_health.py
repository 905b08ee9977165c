"""When the proxy is well, and what is said where it is not."""

from __future__ import annotations

import pytest

from mxward import metrics
from mxward.metrics import catalogue
from mxward.metrics.board import Board
from mxward.metrics.health import health

NOW = 5000.0


def board(
    beats: dict[int, float], seats: int = 2, answered: float = 0.0, failed: float = 0.0
) -> Board:
    """Workers by their numbers, with their last heartbeats."""
    made = metrics.board(len(beats) + 1)
    made.row(len(beats) + 1).set(catalogue.WORKERS.name, seats)
    for at, (seat, beat) in enumerate(beats.items()):
        row = made.row(at)
        row.set(metrics.SEAT, seat + 1)
        row.set(metrics.HEARTBEAT, beat)
    made.row(0).set(catalogue.ANSWERED, answered)
    made.row(0).set(catalogue.FAILED, failed)
    return made


BOTH = {0: NOW - 1, 1: NOW - 9}


@pytest.mark.parametrize(
    ("state", "beating", "wrong"),
    [
        (board(BOTH), 2, ()),
        (board(BOTH, seats=1), 1, ()),
        (board({0: NOW, 1: NOW - 11}), 1, ("worker 1 does not answer",)),
        (board({1: NOW}), 1, ("worker 0 does not answer",)),
        (board({}), 0, ("worker 0 does not answer", "worker 1 does not answer")),
        (board({}, seats=0), 0, ("not ready yet",)),
        (board({-1: NOW, 1: NOW}, seats=1), 0, ("worker 0 does not answer",)),  # one is leaving
        (board(BOTH, answered=NOW - 4000), 2, ()),  # nobody asks it
        (board(BOTH, answered=NOW - 20, failed=NOW), 2, ()),
        (board(BOTH, answered=NOW - 31, failed=NOW - 32), 2, ()),
        (
            board(BOTH, answered=NOW - 31, failed=NOW),
            2,
            ("the mail server has not answered for 31 s",),
        ),
        (board(BOTH, failed=NOW), 2, ("the mail server has not answered yet",)),
    ],
)
def test_health(state: Board, beating: int, wrong: tuple[str, ...]) -> None:
    found = health(state, NOW)
    assert (found.beating, found.wrong, found.well) == (beating, wrong, not wrong)


def test_a_worker_that_takes_over_from_another_with_its_number() -> None:
    made = metrics.board(2)
    made.row(2).set(catalogue.WORKERS.name, 1)
    for row, beat in ((0, NOW), (1, NOW - 300)):  # the one that hangs stands behind
        made.row(row).set(metrics.SEAT, 1)
        made.row(row).set(metrics.HEARTBEAT, beat)
    assert health(made, NOW).well
