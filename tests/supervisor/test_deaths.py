"""How a worker ended, and how soon another takes its place."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.supervisor.deaths import FIRST_PAUSE, LONG_LIFE, LONGEST_PAUSE, Patience, how


def status_of(end: Callable[[], None]) -> int:
    child = os.fork()
    if not child:
        end()
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda: os._exit(0), "exit code 0"),
        (lambda: os._exit(78), "exit code 78"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed by SIGKILL"),
        (lambda: os.kill(os.getpid(), signal.SIGRTMIN + 3), "killed by signal 37"),
    ],
)
def test_an_end_in_words(end: Callable[[], None], words: str) -> None:
    assert how(status_of(end)) == words


def test_each_early_death_doubles_the_pause() -> None:
    patience, pauses = Patience(), []
    for _ in range(12):
        patience = patience.after_death(100.0, 0.5)
        pauses.append(patience.pause)
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert pauses[-1] == LONGEST_PAUSE
    assert patience.due == 100.0 + LONGEST_PAUSE
    assert patience.after_death(200.0, LONG_LIFE) == Patience(FIRST_PAUSE, 200.0 + FIRST_PAUSE)


@given(st.lists(st.floats(0, 2 * LONG_LIFE), max_size=30))
def test_nobody_is_started_in_a_busy_loop_nor_left_for_long(lives: list[float]) -> None:
    patience = Patience()
    for life in lives:
        patience = patience.after_death(0.0, life)
        assert FIRST_PAUSE <= patience.due <= LONGEST_PAUSE
