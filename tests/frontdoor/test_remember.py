"""One question over time: failures change nothing, what vanished cools off for 72 hours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.frontdoor.remember import (
    COOLING_OFF,
    LONGEST,
    MOST_VALUES,
    cooling,
    is_fresh,
    lapses_at,
    led_to,
    remember,
)
from mxward.model import Answer, Known, Remembered

HOUR = 3600.0
VALUES = st.lists(st.sampled_from(["10 a.example", "10 b.example", "20 c.example"]), max_size=3)
ANSWERS = st.builds(
    lambda values, ttl, led: Answer(
        Known.FOUND if values else Known.ABSENT, tuple(values), ttl, led
    ),
    VALUES,
    st.floats(0, 1e6),
    st.sampled_from(["", "x.example", "y.example"]),
)
NO_ANSWER = st.sampled_from([Answer(Known.FAILED), Answer(Known.NOT_ASKED)])
TIMED = st.lists(st.tuples(st.floats(0, 100 * HOUR), ANSWERS | NO_ANSWER), max_size=12)


def found(*values: str, ttl: float = 300.0, led_to: str = "") -> Answer:
    return Answer(Known.FOUND, values, ttl, led_to)


def over_time(*answers: tuple[float, Answer]) -> Remembered:
    known = None
    for at, answer in answers:
        known = remember(known, answer, at)
    assert known is not None
    return known


def welcome(known: Remembered | None, now: float) -> set[str]:
    return {*known.values, *cooling(known.former, now)} if known else set()


@pytest.mark.parametrize(
    ("ttl", "holds"), [(0, 30), (29, 30), (30, 30), (300, 300), (3600, 3600), (86400, 3600)]
)
@pytest.mark.parametrize("state", [Known.FOUND, Known.ABSENT])
def test_an_answer_holds_from_half_a_minute_to_an_hour(
    state: Known, ttl: float, holds: float
) -> None:
    known = over_time((1000.0, Answer(state, (), ttl)))
    assert known.expires_at == 1000.0 + holds


def test_what_vanishes_is_former_from_when_it_was_found_gone() -> None:
    known = over_time((0.0, found("a", "b")), (HOUR, found("b", "c")))
    assert known.values == ("b", "c")
    assert known.former == (("a", HOUR),)


def test_a_domain_nobody_asked_about_for_a_week_has_its_72_hours_too() -> None:
    week = 7 * 24 * HOUR
    known = over_time((0.0, found("a")), (week, found("b")))
    assert welcome(known, week) == {"a", "b"}


def test_what_vanished_is_welcome_for_72_hours_exactly() -> None:
    known = over_time((0.0, found("a")), (HOUR, found("b")))
    assert welcome(known, HOUR + COOLING_OFF - 0.001) == {"a", "b"}
    assert welcome(known, HOUR + COOLING_OFF) == {"b"}
    assert lapses_at(known, 2 * HOUR) == HOUR + COOLING_OFF
    assert lapses_at(known, HOUR + COOLING_OFF) == float("inf")


def test_what_comes_back_is_no_longer_former() -> None:
    known = over_time((0.0, found("a")), (HOUR, found("b")), (2 * HOUR, found("a")))
    assert known.values == ("a",)
    assert known.former == (("b", 2 * HOUR),)


def test_absent_after_found_is_a_disappearance() -> None:
    known = over_time((0.0, found("a")), (HOUR, Answer(Known.ABSENT, (), 60)))
    assert (known.state, known.values, known.former) == (Known.ABSENT, (), (("a", HOUR),))


def test_a_name_that_cnames_lead_to_no_more_is_former() -> None:
    known = over_time(
        (0.0, found("192.0.2.1", led_to="x.example")),
        (HOUR, found("192.0.2.1", led_to="y.example")),
    )
    assert known.canonical == "y.example"
    assert led_to(cooling(known.former, HOUR)) == ["x.example"]


def test_after_the_clock_was_set_back_it_is_asked_again() -> None:
    known = over_time((1e9, found("a")))
    assert is_fresh(known, 1e9 + 299)
    assert not is_fresh(known, 1e9 + 300)
    assert not is_fresh(known, 1e9 - 86400)


def test_a_flood_of_values_is_bounded() -> None:
    known = over_time(
        (0.0, found(*(f"192.0.2.{n}/a" for n in range(1000)))),
        (HOUR, found(*(f"192.0.2.{n}/b" for n in range(1000)))),
        (2 * HOUR, found(*(f"192.0.2.{n}/c" for n in range(1000)))),
    )
    assert len(known.values) == MOST_VALUES
    assert len(known.former) == MOST_VALUES
    assert all(gone == 2 * HOUR for _, gone in known.former)  # the newest stay


@given(TIMED, NO_ANSWER, st.floats(0, 100 * HOUR))
def test_a_failed_look_up_never_changes_what_is_known(
    answers: list[tuple[float, Answer]], failed: Answer, now: float
) -> None:
    known = None
    for at, answer in sorted(answers, key=lambda timed: timed[0]):
        known = remember(known, answer, at)
    assert remember(known, failed, now) is known


@given(TIMED)
def test_nothing_is_lost_within_72_hours(answers: list[tuple[float, Answer]]) -> None:
    known: Remembered | None = None
    seen: dict[str, float] = {}  # a value, and until when it was believed
    for at, answer in sorted(answers, key=lambda timed: timed[0]):
        for value in known.values if known else ():
            seen[value] = at
        known = remember(known, answer, at)
        believed = {value for value, until in seen.items() if at < until + COOLING_OFF}
        assert believed <= welcome(known, at)
    if known:
        assert len({value for value, _ in known.former}) == len(known.former)
        assert not {value for value, _ in known.former} & set(known.values)


@given(TIMED, st.floats(0, 1e5))
def test_time_only_takes_former_values_away(
    answers: list[tuple[float, Answer]], later: float
) -> None:
    known, end = None, 0.0
    for at, answer in sorted(answers, key=lambda timed: timed[0]):
        known, end = remember(known, answer, at), at
    assert welcome(known, end + later) <= welcome(known, end)


@given(ANSWERS, st.floats(0, 1e9))
def test_an_answer_holds_within_its_bounds(answer: Answer, now: float) -> None:
    known = remember(None, answer, now)
    assert known is not None
    assert now < known.expires_at <= now + LONGEST
