"""When the proxy is given up, and when it is believed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.intercept.watchdog import ANSWERS, SILENCE, Watchdog

# Each second: `+` the proxy answers, `-` it does not, ` ` nothing is heard.
# Below: `+` it is believed to answer, `-` it is not.
STORIES = [
    ("+++++", "+++++"),
    ("+---------", "++++------"),
    ("---", "+++"),
    ("------", "+++---"),
    ("+--+--+--+--", "++++++++++++"),  # full, or busy, now and then
    ("+-----+-----", "++++--------"),
    ("+-----++-++-+++", "++++----------+"),
    ("+-----+++-----", "++++----++++--"),
    ("+         +", "+++++++++++"),  # who is not asked is not silent
    ("+        -+", "+++++++++++"),
    ("+        --", "++++++++++-"),
]


def told(heard: str) -> str:
    watchdog = Watchdog(now=-1.0)
    believed = ""
    for second, answer in enumerate(heard):
        if answer != " ":
            watchdog.heard("" if answer == "+" else "no greeting", float(second))
        believed += "+" if watchdog.look(second + 0.0) else "-"
    return believed


@pytest.mark.parametrize(("heard", "believed"), STORIES)
def test_a_story(heard: str, believed: str) -> None:
    assert told(heard) == believed


@given(st.text("+-", max_size=40))
def test_any_story(heard: str) -> None:
    """It never gives up while there are answers, and always once there are none, in time."""
    believed = told(heard)
    patience = int(SILENCE)
    for second in range(len(heard)):
        lately = heard[max(0, second - patience + 1) : second + 1]
        if believed[second] == "-" and believed[second - 1 : second] in ("+", ""):
            assert "+" not in lately
        if len(lately) == patience and "+" not in lately:
            assert believed[second] == "-"
        if heard[: second + 1].endswith("+" * ANSWERS):
            assert believed[second] == "+"


def test_why() -> None:
    watchdog = Watchdog(0.0)
    watchdog.heard("nobody listens on port 2525", 1.0)
    watchdog.heard("no greeting within 2 seconds", 4.0)
    assert not watchdog.look(4.0)
    assert watchdog.why == "no greeting within 2 seconds"
    for second in (5.0, 6.0, 7.0):
        watchdog.heard("", second)
    assert watchdog.look(7.0)
    assert watchdog.why == ""
