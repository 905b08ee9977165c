"""What `mxward status` is told, and what of it wants a look."""

from __future__ import annotations

from typing import Any

import pytest

from mxward import metrics
from mxward.metrics import catalogue
from mxward.metrics.board import Board
from mxward.metrics.glance import glance

MONOTONIC, NOW = 5000.0, 1_800_000_000.0
DAY = 86_400.0


def board() -> Board:
    """Two workers that are well, and their supervisor."""
    made = metrics.board(3)
    own = made.row(3)
    own.set(catalogue.WORKERS.name, 2)
    own.set(catalogue.STARTED, NOW - 3 * DAY)
    own.set(catalogue.RELOADED.name, NOW - DAY)
    for number in range(2):
        row = made.row(number)
        row.set(metrics.SEAT, number + 1)
        row.set(metrics.PID, 100 + number)
        row.set(metrics.HEARTBEAT, MONOTONIC)
        row.set(catalogue.ROOM.name, 10)
        row.set(catalogue.OPEN.name, 4)
    return made


def told(made: Board) -> dict[str, Any]:
    return glance(made, 99, MONOTONIC, NOW)


def test_all_is_well() -> None:
    found = told(board())
    assert (found["well"], found["wrong"]) == (True, [])
    assert [(each["worker"], each["pid"], each["sessions"]) for each in found["workers"]] == [
        (0, 100, 4),
        (1, 101, 4),
    ]
    assert (found["sessions"], found["sessions_allowed"]) == (8, 10)
    assert found["certificate_ends"] is None


def test_one_that_stops() -> None:
    made = board()
    made.row(0).set(metrics.SEAT, 0)
    assert told(made)["wrong"] == ["worker 0 does not answer"]
    made.row(1).set(metrics.SEAT, 0)
    found = told(made)
    assert (found["well"], [line.partition(":")[0] for line in found["wrong"]]) == (
        False,
        ["it is stopping"],
    )
    made.clear(0)
    made.clear(1)  # they are dead, rather
    assert told(made)["wrong"] == ["worker 0 does not answer", "worker 1 does not answer"]


def test_numbers_of_all_processes() -> None:
    made = board()
    made.row(3).add(catalogue.RESTARTS.name, 2)
    for number in range(2):
        made.row(number).add(catalogue.QUESTIONS.column("MX", "found"), 5)
        made.row(number).add(catalogue.QUESTIONS.column("A", "failed"), 1)
        made.row(number).set(catalogue.DOORS.column("fresh"), 30 + number)
        made.row(number).set(catalogue.REMEMBERED.name, 400 + number)
        made.row(number).set(catalogue.CERTIFICATE_ENDS.name, NOW + (50 - number) * DAY)
    found = told(made)
    assert found["worker_restarts"] == 2
    assert (found["dns_questions"], found["dns_failed"]) == (12, 2)
    assert found["front_doors"] == {"fresh": 31, "stale": 0, "failed": 0, "oldest_seconds": 0}
    assert found["answers_remembered"] == 401
    assert found["certificate_ends"] == NOW + 49 * DAY


@pytest.mark.parametrize(
    ("column", "number", "wrong"),
    [
        (catalogue.REFUSED, NOW - 2 * DAY, None),  # a good one came since
        (catalogue.REFUSED, NOW - 5, "a newer configuration was refused; `mxward check-config` s"),
        (catalogue.DOORS.column("stale"), 1, None),
        (catalogue.DOORS.column("stale"), 2, "2 of 12 front doors are not confirmed by the DNS in"),
        (catalogue.DOORS.column("failed"), 5, "5 of 15 front doors are not found"),
        (catalogue.OPEN.name, 5, "9 clients of the 10 that limits.connections allows"),
        (catalogue.CERTIFICATE_ENDS.name, NOW + 15 * DAY, None),
        (catalogue.CERTIFICATE_ENDS.name, NOW + 3.2 * DAY, "a certificate ends in 3 days"),
        (catalogue.CERTIFICATE_ENDS.name, NOW - 1, "a certificate has ended"),
        (metrics.HEARTBEAT, MONOTONIC - 60, "worker 0 does not answer"),
        (catalogue.FAILED, MONOTONIC - 60, "the mail server has not answered yet"),
    ],
)
def test_what_wants_a_look(column: str, number: float, wrong: str | None) -> None:
    made = board()
    made.row(0).set(catalogue.DOORS.column("fresh"), 10)
    made.row(0).set(column, number)
    found = told(made)
    assert found["well"] is (wrong is None)
    assert [line[: len(wrong or "")] for line in found["wrong"]] == ([wrong] if wrong else [])
