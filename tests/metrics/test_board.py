"""Numbers shared by processes."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.metrics.board import Board

_COLUMNS = ("taken", "refused", "open")


def test_all_begins_at_nothing() -> None:
    board = Board(2, _COLUMNS)
    assert [board.value(row, column) for row in board.rows for column in board.columns] == [0.0] * 6


def test_a_process_writes_its_row_and_others_sum() -> None:
    board = Board(3, _COLUMNS)
    for number in board.rows:
        child = os.fork()
        if not child:
            row = board.row(number)
            for _ in range(1000):
                row.add("taken")
            row.add("refused", 0.5)
            row.set("open", number)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert board.total("taken") == 3000
    assert board.total("refused") == 1.5
    assert [board.value(number, "open") for number in board.rows] == [0, 1, 2]


def test_what_lasts_outlives_the_owner() -> None:
    board = Board(2, _COLUMNS, lasting={"taken", "refused"})
    for number in board.rows:
        for column in _COLUMNS:
            board.row(number).set(column, 7)
    board.clear(0)
    assert [board.value(0, column) for column in _COLUMNS] == [7, 7, 0]
    assert [board.value(1, column) for column in _COLUMNS] == [7, 7, 7]


def test_what_is_unknown_is_told() -> None:
    board = Board(1, _COLUMNS)
    with pytest.raises(KeyError):
        board.row(0).add("nothing")
    with pytest.raises(KeyError):
        board.total("nothing")
    with pytest.raises(IndexError):
        board.row(1)


@given(
    st.integers(1, 5),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 19), st.integers(-(2**40), 2**40))),
)
def test_no_cell_touches_another(
    rows: int, columns: int, written: list[tuple[int, int, int]]
) -> None:
    names = [f"c{at}" for at in range(columns)]
    board, expected = Board(rows, names), dict[tuple[int, str], float]()
    for row, column, x in written:
        number, name = row % rows, names[column % columns]
        board.row(number).add(name, x)
        expected[number, name] = expected.get((number, name), 0.0) + x
    for number in board.rows:
        for name in names:
            assert board.value(number, name) == expected.get((number, name), 0.0)
    for name in names:
        assert board.total(name) == sum(x for (_, at), x in expected.items() if at == name)
