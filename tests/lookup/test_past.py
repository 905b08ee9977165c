"""The front doors of other times are those that a proxy which ran then has seen."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.lookup.past import Past
from mxward.model import FrontDoor, Kind, Known, Question, Remembered, Scanner
from mxward.networks import Networks, network
from mxward.store.database import Store
from mxward.store.memory import StoredMemory
from tests.lookup.clock import Clock

HOUR, DAY = 3600.0, 86400.0
DOMAIN = "it.co.za"
SCANNERS = {
    "clean": Scanner("clean", ("clean.example",), spf=("_spf.clean.example",)),
    "pure": Scanner("pure", ("pure.example",), egress=Networks.of("62.4.6.0/24")),
}


@dataclass
class Live:
    """A proxy that runs for days, and remembers what it hears."""

    store: Store
    dns: FakeResolver = field(default_factory=lambda: FakeResolver(ttl=60.0))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.memory = StoredMemory(self.store)
        self.doors = Doors(self.dns, SCANNERS, self.memory, self.clock)

    def see(self, after: float, **zones: Any) -> tuple[float, FrontDoor]:
        """After so many seconds, with these zones changed, the front door."""
        for kind, names in zones.items():
            setattr(self.dns, kind, {**getattr(self.dns, kind), **names})
        self.clock.now += after
        door = asyncio.run(self.doors.find(DOMAIN))
        self.memory.drain()
        return self.clock.now, door


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(Store.open(tmp_path / "store.db"))


def told(live: Live, first: float, last: float) -> list[tuple[float, FrontDoor | None]]:
    return list(Past(live.store, SCANNERS, first, last).doors(DOMAIN))


def at(doors: Iterable[tuple[float, FrontDoor | None]], when: float) -> FrontDoor | None:
    return [door for since, door in doors if since <= when][-1]


def likeness(door: FrontDoor | None) -> object:
    """All but when it was seen, and in which order its egress was put together."""
    if door is None:
        return None
    hosts = {str(each): each for each in door.addresses}
    welcome = door.egress | door.former | Networks(network(text) for text in hosts)
    return (door.state, door.scanners, door.addresses, door.held, set(welcome))


START: dict[str, Any] = {
    "mx": {DOMAIN: ["10 mx1.clean.example."]},
    "a": {"mx1.clean.example": ["198.51.100.7"], "mx.pure.example": ["198.51.100.99"]},
    "txt": {"_spf.clean.example": ["v=spf1 ip4:62.4.5.0/24 -all"]},
}


def test_a_changed_mx_is_another_door_then_and_the_old_one_is_welcome_for_72_hours(
    live: Live,
) -> None:
    begins, before = live.see(0, **START)
    changed, after = live.see(HOUR, mx={DOMAIN: ["10 mx.pure.example."]})
    live.see(5 * DAY)
    doors = told(live, begins, begins + 5 * DAY)
    assert [since for since, _ in doors] == [begins, changed, changed + 3 * DAY]
    assert likeness(at(doors, changed - 1)) == likeness(before)
    assert likeness(at(doors, changed)) == likeness(after)
    lapsed = at(doors, changed + 3 * DAY)
    assert after.former
    assert lapsed is not None
    assert (lapsed.scanners, set(lapsed.former)) == (("pure",), set())


def test_nothing_is_remembered_of_the_time_before_it_was_asked(live: Live) -> None:
    begins, _ = live.see(0, **START)
    doors = told(live, begins - DAY, begins + HOUR)
    assert [(since, door is None) for since, door in doors] == [
        (begins - DAY, True),
        (begins, False),
    ]


def test_a_log_that_tells_whole_seconds_finds_what_was_asked_in_the_course_of_one(
    live: Live,
) -> None:
    begins, _ = live.see(0.75, **START)
    assert begins % 1 == 0.75
    doors = told(live, begins - 0.75, begins + 1)
    assert [(since, door is None) for since, door in doors] == [(begins - 0.75, False)]


def test_nor_of_the_time_when_nobody_asked_any_more(live: Live) -> None:
    begins, _ = live.see(0, **START)
    doors = told(live, begins, begins + DAY)
    assert [(since, door is None) for since, door in doors] == [
        (begins, False),
        (begins + 2 * HOUR, True),
    ]


def test_a_domain_that_was_never_asked_about(live: Live) -> None:
    live.see(0, **START)
    past = Past(live.store, SCANNERS, 0, live.clock.now)
    assert [door for _, door in past.doors("other.example")] == [None]


def test_what_was_asked_and_never_answered_is_not_remembered(live: Live) -> None:
    live.dns.failing = {"AAAA mx1.clean.example"}
    begins, _ = live.see(0, **START)
    assert told(live, begins, begins) == [(begins, None)]


def test_many_changes_are_seen_now_and_then(live: Live) -> None:
    begins, _ = live.see(0, **START)
    for number in range(200):
        live.see(2 * HOUR, a={"mx1.clean.example": [f"198.51.100.{number}"]})
    assert len(told(live, begins, live.clock.now)) == 64


def test_all_that_is_needed_is_read_at_once(live: Live) -> None:
    begins, door = live.see(0, **START)
    past = Past(live.store, SCANNERS, begins, begins)
    past.load([DOMAIN, "other.example"])
    known = {question for question, _ in past.present()}
    assert Question(Kind.MX, DOMAIN) in known
    assert Question(Kind.A, "mx1.clean.example") in known
    assert likeness(at(past.doors(DOMAIN), begins)) == likeness(door)


def test_a_former_answer_that_is_the_last_one_holds_until_it_was_replaced(live: Live) -> None:
    """The present one is forgotten a month after it was heard; what was before, later."""
    begins, _ = live.see(0, **START)
    changed, _ = live.see(DAY, mx={DOMAIN: ["10 mx.pure.example."]})
    live.store.prune(live.clock.now + 1)
    spans = live.store.pasts(Kind.MX, [DOMAIN])[DOMAIN]
    assert [(span.since, span.until) for span in spans] == [(begins, changed)]


_ZONES = st.fixed_dictionaries(
    {},
    optional={
        "mx": st.sampled_from(
            [
                {DOMAIN: []},
                {DOMAIN: ["0 ."]},
                {DOMAIN: ["10 mx1.clean.example."]},
                {DOMAIN: ["10 mx.pure.example.", "20 mx1.clean.example."]},
            ]
        ),
        "a": st.sampled_from(
            [
                {"mx1.clean.example": ["198.51.100.7"]},
                {"mx1.clean.example": ["198.51.100.8", "198.51.100.9"]},
                {"mx.pure.example": []},
                {DOMAIN: ["192.0.2.25"]},
            ]
        ),
        "txt": st.sampled_from(
            [
                {"_spf.clean.example": ["v=spf1 ip4:62.4.5.0/24 -all"]},
                {"_spf.clean.example": ["v=spf1 ip4:62.4.5.0/24 ip4:62.4.9.0/24 -all"]},
                {"_spf.clean.example": ["v=spf1 include:_more.example -all"]},
                {"_more.example": ["v=spf1 ip4:62.4.7.0/25 -all"]},
            ]
        ),
    },
)
_STEPS = st.lists(
    st.tuples(st.sampled_from([1.5, 7.0, 30.0, 80.0]), _ZONES, st.booleans()), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_a_log_is_judged_by_what_the_proxy_saw(
    steps: list[tuple[float, dict[str, Any], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        live = Live(Store.open(Path(name) / "store.db"))
        seen = [live.see(0, **START)]
        for hours, zones, down in steps:
            live.dns.down = down
            seen.append(live.see(hours * HOUR, **zones))
        doors = told(live, seen[0][0], seen[-1][0])
        for when, door in seen:
            if (then := at(doors, when)) is not None and not door.missing:
                assert likeness(then) == likeness(door), (when, doors)
        assert at(doors, seen[0][0]) is not None
        live.store.close()


def test_a_present_answer_knows_what_vanished_before_it() -> None:
    """A store that was made before it kept the past has only that."""
    with tempfile.TemporaryDirectory() as name:
        store = Store.open(Path(name) / "store.db")
        gone = 1_000_000.0

        def answer(*values: str, **changes: Any) -> Remembered:
            known = Remembered(Known.FOUND, values, "", gone, gone + HOUR)
            return replace(known, **changes)

        former = (("10 mx.pure.example.", gone),)
        store.save(
            {
                Question(Kind.MX, DOMAIN): answer("10 mx1.clean.example.", former=former),
                Question(Kind.A, "mx1.clean.example"): answer("198.51.100.7"),
                Question(Kind.AAAA, "mx1.clean.example"): answer(state=Known.ABSENT),
                Question(Kind.A, "mx.pure.example"): answer("198.51.100.99"),
                Question(Kind.AAAA, "mx.pure.example"): answer(state=Known.ABSENT),
                Question(Kind.TXT, "_spf.clean.example"): answer("v=spf1 ip4:62.4.5.0/24 -all"),
            }
        )
        (_, door), *_ = Past(store, SCANNERS, gone, gone + 1).doors(DOMAIN)
        assert door is not None
        assert set(door.former) == set(Networks.of("198.51.100.99", "62.4.6.0/24"))
        store.close()
