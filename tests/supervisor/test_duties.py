"""What a supervisor has to do, for staff in any state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.supervisor.duties import (
    HEARTBEAT_LIMIT,
    START_LIMIT,
    Duties,
    Seen,
    State,
    duties,
)

STARTING, READY, LEAVING = State.STARTING, State.READY, State.LEAVING
NOW = 1000.0
NEW, OLD = 1, 0


def seen(pid: int, seat: int, state: State = READY, generation: int = NEW, ago: float = 0) -> Seen:
    return Seen(pid, seat, generation, state, NOW - ago)


@pytest.mark.parametrize(
    ("staff", "due", "expected"),
    [
        ([], {}, Duties(start=(0, 1))),
        ([seen(7, 0)], {}, Duties(start=(1,))),
        ([seen(7, 0), seen(8, 1)], {}, Duties()),
        ([seen(7, 0), seen(8, 1, STARTING)], {}, Duties()),
        # one that has died waits for its time
        ([seen(7, 0)], {1: NOW + 1}, Duties()),
        ([seen(7, 0)], {1: NOW}, Duties(start=(1,))),
        # one that leaves has no seat any more
        ([seen(7, 0), seen(8, 1, LEAVING)], {}, Duties(start=(1,))),
        # fewer are wanted than there are
        ([seen(7, 0), seen(8, 1), seen(9, 2)], {}, Duties(retire=(9,))),
        # an older generation serves until all of the new one is ready
        ([seen(5, 0, READY, OLD), seen(7, 0), seen(8, 1, STARTING)], {}, Duties()),
        ([seen(5, 0, READY, OLD), seen(7, 0), seen(8, 1)], {}, Duties(retire=(5,))),
        ([seen(5, 2, READY, OLD), seen(7, 0)], {}, Duties(start=(1,))),
        # who hangs is killed, however far it has come
        ([seen(7, 0, ago=HEARTBEAT_LIMIT + 1), seen(8, 1)], {}, Duties(kill=(7,))),
        ([seen(7, 0, STARTING, ago=HEARTBEAT_LIMIT + 1), seen(8, 1)], {}, Duties()),
        ([seen(7, 0, STARTING, ago=START_LIMIT + 1), seen(8, 1)], {}, Duties(kill=(7,))),
        (
            [seen(7, 0), seen(8, 1), seen(9, 0, LEAVING, ago=HEARTBEAT_LIMIT + 1)],
            {},
            Duties(kill=(9,)),
        ),
        ([Seen(7, 0, NEW, READY, None), seen(8, 1)], {}, Duties()),
    ],
)
def test_what_is_to_be_done_for_two_seats(
    staff: list[Seen], due: dict[int, float], expected: Duties
) -> None:
    assert duties(staff, 2, NEW, due, NOW) == expected


STAFF = st.lists(
    st.builds(
        Seen,
        st.integers(1, 10**6),
        st.integers(0, 4),
        st.integers(0, 2),
        st.sampled_from(State),
        st.none() | st.floats(0, NOW),
    ),
    max_size=8,
    unique_by=lambda worker: worker.pid,
)


@given(STAFF, st.integers(1, 4))
def test_nobody_is_retired_while_clients_would_find_nobody(staff: list[Seen], seats: int) -> None:
    todo = duties(staff, seats, NEW, {}, NOW)
    serving = {x.pid for x in staff if x.state is READY}
    ours = {x.seat for x in staff if x.state is READY and x.generation == NEW and x.seat < seats}
    if serving & set(todo.retire) and any(
        x.generation != NEW for x in staff if x.pid in todo.retire
    ):
        assert ours == set(range(seats))
    assert not set(todo.retire) & {x.pid for x in staff if x.state is LEAVING}
    assert set(todo.start) <= set(range(seats))
    taken = {x.seat for x in staff if x.generation == NEW and x.state is not LEAVING}
    assert not set(todo.start) & taken
