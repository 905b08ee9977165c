"""How many questions may be under way."""

from __future__ import annotations

from mxward.lookup.window import Window
from tests.lookup.clock import Clock


def spend(window: Window, clock: Clock, seconds: float, *, lost: int, of: int = 100) -> int:
    """So many seconds, with `of` questions every eighth of one; the size afterwards."""
    for _ in range(round(seconds * 8)):
        clock.now += 0.125
        for number in range(of):
            (window.lost if number < lost else window.answered)(clock.now)
    return window.size


def test_it_grows_to_the_most_where_nothing_is_lost() -> None:
    clock = Clock()
    window = Window(500, clock.now)
    assert window.size == 100
    assert spend(window, clock, 1.0, lost=0) == 500
    assert spend(window, clock, 9.0, lost=0) == 500


def test_it_is_halved_while_many_are_lost_but_never_to_nothing() -> None:
    clock = Clock()
    window = Window(500, clock.now)
    spend(window, clock, 2.0, lost=0)
    assert spend(window, clock, 0.5, lost=10) == 250
    assert spend(window, clock, 0.5, lost=10) == 125
    assert spend(window, clock, 60.0, lost=100) == 16


def test_it_comes_back_slowly() -> None:
    clock = Clock()
    window = Window(500, clock.now)
    spend(window, clock, 2.0, lost=0)
    spend(window, clock, 0.5, lost=10)
    assert 260 <= spend(window, clock, 1.0, lost=0) <= 300
    assert spend(window, clock, 20.0, lost=0) == 500


def test_a_few_lost_are_borne() -> None:
    clock = Clock()
    window = Window(500, clock.now)
    assert spend(window, clock, 30.0, lost=4) == 500


def test_some_single_questions_say_nothing() -> None:
    clock = Clock()
    window = Window(500, clock.now)
    assert spend(window, clock, 1.0, lost=1, of=1) == 100


def test_the_most_may_be_little() -> None:
    clock = Clock()
    window = Window(1, clock.now)
    assert window.size == 1
    assert spend(window, clock, 10.0, lost=100) == 1
    assert spend(window, clock, 10.0, lost=0) == 1
