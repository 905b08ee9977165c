"""The decisions of the last minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mxward.metrics import board
from mxward.metrics.recent import SPAN, UNDECIDED, Recent, in_last_minute
from mxward.model import Action

WHAT = [*map(str, Action), UNDECIDED]
NOTHING = dict.fromkeys(WHAT, 0)


def test_what_is_older_than_a_minute_is_forgotten() -> None:
    shared = board(1)
    recent = Recent(shared.row(0))
    recent.count(1000.0, "pass")
    recent.count(1030.0, "refuse")
    assert in_last_minute(shared, 1030.0) == NOTHING | {"pass": 1, "refuse": 1}
    assert in_last_minute(shared, 1060.0) == NOTHING | {"pass": 1, "refuse": 1}
    assert in_last_minute(shared, 1066.0) == NOTHING | {"refuse": 1}
    assert in_last_minute(shared, 1096.0) == NOTHING


def test_what_a_process_decided_before_it_died_counts() -> None:
    shared = board(1)
    Recent(shared.row(0)).count(1000.0, "refuse")
    shared.clear(0)
    assert in_last_minute(shared, 1030.0) == NOTHING | {"refuse": 1}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 300), st.sampled_from(WHAT))),
    st.floats(0, 400),
)
def test_all_processes_are_summed_and_none_is_missed(
    events: list[tuple[int, float, str]], later: float
) -> None:
    shared = board(3)
    rows = [Recent(shared.row(number)) for number in range(3)]
    events.sort(key=lambda event: event[1])
    now = (events[-1][1] if events else 0) + later
    for row, at, what in events:
        rows[row].count(at, what)
    found = in_last_minute(shared, now)
    for what in WHAT:
        surely = sum(now - at <= 60 for _, at, each in events if each == what)
        maybe = sum(now - at <= 60 + SPAN for _, at, each in events if each == what)
        assert surely <= found[what] <= maybe
