"""What audits leave behind: a door's changes over time, and front doors as they were."""

from __future__ import annotations

from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.audit.changes import Before
from mxward.store.audited import KEPT, AuditRun, DoorSeen, DoorSpan
from mxward.store.database import Store

OPEN = DoorSeen("it.co.za", "192.0.2.25", 25, "OPEN", "catch-all")
SHUT = OPEN._replace(verdict="CLOSED", how="refused")


def run(at: float) -> AuditRun:
    return AuditRun(at - 10, at, 7, True, False, "192.0.2.77")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store.db")


def test_when_a_door_opened_and_was_shut(store: Store) -> None:
    for at, seen in enumerate([OPEN, OPEN, SHUT, SHUT, OPEN], 1):
        store.audited.keep(run(at * 100.0), [seen])
    assert store.audited.history("it.co.za") == (
        DoorSpan(*OPEN, 100.0, 200.0),
        DoorSpan(*SHUT, 300.0, 400.0),
        DoorSpan(*OPEN, 500.0, 500.0),
    )
    assert [each.finished_at for each in store.audited.runs()] == [500, 400, 300, 200, 100]
    assert store.audited.runs(1) == (run(500.0),)


def test_each_server_and_domain_by_itself(store: Store) -> None:
    other = OPEN._replace(domain="two.example")
    port = OPEN._replace(port=587, verdict="CLOSED")
    store.audited.keep(run(100.0), [OPEN, other, port])
    store.audited.keep(run(200.0), [OPEN])
    assert store.audited.history("two.example") == (DoorSpan(*other, 100.0, 100.0),)
    assert set(store.audited.history("it.co.za")) == {
        DoorSpan(*OPEN, 100.0, 200.0),
        DoorSpan(*port, 100.0, 100.0),
    }
    assert store.audited.history("stranger.example") == ()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("store") / "store.db")


NUMBERS = count()


@given(seen=st.lists(st.sampled_from([OPEN, SHUT]), max_size=8))
def test_the_history_tells_what_each_run_has_seen(shared: Store, seen: list[DoorSeen]) -> None:
    domain = f"d{next(NUMBERS)}.example"
    for at, each in enumerate(seen):
        shared.audited.keep(run(float(at)), [each._replace(domain=domain)])
    spans = shared.audited.history(domain)
    told = [
        span.verdict
        for at in range(len(seen))
        for span in spans
        if span.first_at <= at <= span.last_at
    ]
    assert told == [each.verdict for each in seen]
    assert all(one.verdict != other.verdict for one, other in pairwise(spans))


def test_front_doors(store: Store) -> None:
    before = Before(frozenset({"mx.a.example", "mx.b.example"}), frozenset({"192.0.2.1"}))
    store.audited.keep(run(100.0), [], [("it.co.za", before), ("two.example", Before())])
    assert store.audited.fronts() == {"it.co.za": before, "two.example": Before()}
    now = Before(frozenset({"mx.c.example"}), frozenset({"2001:db8::1"}), frozenset({"scanner"}))
    store.audited.keep(run(200.0), [], [("it.co.za", now)])
    store.audited.keep(run(150.0), [], [("it.co.za", before)])  # an older one that took longer
    assert store.audited.fronts()["it.co.za"] == now


def test_what_was_not_seen_for_long_is_forgotten(store: Store) -> None:
    store.audited.keep(run(100.0), [OPEN])
    store.audited.keep(run(100.0 + KEPT), [])
    assert len(store.audited.history("it.co.za")) == 1
    store.audited.keep(run(101.0 + KEPT), [])
    assert store.audited.history("it.co.za") == ()


def test_many_doors(store: Store) -> None:
    doors = [OPEN._replace(domain=f"d{n}.example") for n in range(6_000)]
    for at in (100.0, 200.0):
        store.audited.keep(run(at), iter(doors))
    assert store.audited.history("d5999.example") == (DoorSpan(*doors[-1], 100.0, 200.0),)
