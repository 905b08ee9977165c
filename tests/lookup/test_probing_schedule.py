"""The schedule keeps the politeness, whatever ends when; played by a clock that goes by hand."""

from __future__ import annotations

import heapq
from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lookup.probing_schedule import Schedule, network_of
from mxward.lookup.probing_settings import Politeness
from mxward.networks import Address

ADDRESSES = [
    ip_address(text)
    for text in (
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
        "192.0.2.4",
        "198.51.100.1",
        "198.51.100.2",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8:0:0:ffff::3",
        "2001:db8:0:1::1",
    )
]
SESSION = st.tuples(st.sampled_from(ADDRESSES), st.floats(0, 50), st.floats(0.01, 40))
"""Where, from when on it may begin, and how long it takes."""
Ran = tuple[Address, float, float, float]  # where, due, begun, ended


def play(sessions: list[tuple[Address, float, float]], politeness: Politeness) -> list[Ran]:
    schedule: Schedule[tuple[Address, float, float]] = Schedule(politeness)
    for session in sessions:
        schedule.add(session, session[0], session[1])
    now, ran, running = 0.0, list[Ran](), list[tuple[float, int, Address]]()
    while True:
        for address, due, length in schedule.take(now):
            ran.append((address, due, now, now + length))
            heapq.heappush(running, (now + length, len(ran), address))
        times = [
            t for t in (schedule.next_at(), running[0][0] if running else None) if t is not None
        ]
        if not times:
            return ran
        now = max(now, min(times))
        while running and running[0][0] <= now:
            _, _, address = heapq.heappop(running)
            schedule.ended(address, now)


def most_at_once(ran: list[Ran]) -> int:
    """How many overlapped; who ends in the moment that another begins does not count."""
    changes = sorted([(begun, 1) for *_, begun, _ in ran] + [(ended, -1) for *_, ended in ran])
    changes.sort(key=lambda change: (change[0], change[1]))
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


@given(
    st.lists(SESSION, max_size=40),
    st.builds(
        Politeness,
        per_address=st.integers(1, 2),
        per_network=st.integers(1, 3),
        overall=st.integers(1, 6),
        gap=st.sampled_from([0.0, 2.0]),
    ),
)
def test_it_is_polite(sessions: list[tuple[Address, float, float]], politeness: Politeness) -> None:
    ran = play(sessions, politeness)
    assert Counter(address for address, *_ in ran) == Counter(x[0] for x in sessions)
    assert all(begun >= due for _, due, begun, _ in ran)
    assert most_at_once(ran) <= politeness.overall
    for network in {network_of(address) for address, *_ in ran}:
        here = [each for each in ran if network_of(each[0]) == network]
        assert most_at_once(here) <= politeness.per_network
    for address in ADDRESSES:
        here = sorted((each for each in ran if each[0] == address), key=lambda each: each[2])
        assert most_at_once(here) <= politeness.per_address
        ends = sorted(ended for *_, ended in here)
        if politeness.per_address == 1:
            for ended, following in zip(ends, here[1:], strict=False):
                assert following[2] >= ended + politeness.gap


@given(st.lists(SESSION, max_size=40))
def test_nobody_waits_for_nothing(sessions: list[tuple[Address, float, float]]) -> None:
    """Where nothing forbids it, a session begins when it is due."""
    easy = Politeness(per_address=99, per_network=99, overall=99, gap=0.0)
    assert all(begun == due for _, due, begun, _ in play(sessions, easy))


def test_the_default_is_as_polite_as_the_manual_says() -> None:
    """Two servers of a network at once, one session each, two seconds between two of them."""
    sessions = [(address, 0.0, 10.0) for address in ADDRESSES[:4] for _ in (1, 2)]
    begun = sorted((at, str(address)) for address, _, at, _ in play(sessions, Politeness()))
    assert begun == [
        (0.0, "192.0.2.1"),
        (0.0, "192.0.2.2"),
        (10.0, "192.0.2.3"),
        (10.0, "192.0.2.4"),
        (20.0, "192.0.2.1"),
        (20.0, "192.0.2.2"),
        (30.0, "192.0.2.3"),
        (30.0, "192.0.2.4"),
    ]


def test_a_session_waits_out_the_gap() -> None:
    sessions = [(ADDRESSES[0], 0.0, 1.0) for _ in range(3)]
    assert [at for _, _, at, _ in play(sessions, Politeness())] == [0.0, 3.0, 6.0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_what_is_one_network(one: str, other: str, same: bool) -> None:
    assert (network_of(ip_address(one)) == network_of(ip_address(other))) is same
