"""What of the decisions goes to the store, in batches, and what is dropped and counted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mxward.model import Action, Arrival, Decision, Door, Evidence, Reason, Stage
from mxward.networks import address
from mxward.proxy.recent import Recent
from mxward.store.database import Store, StoreError
from mxward.store.decided import Found, Seen

NOW = 1_800_000_000.0


def arrival(sender: str = "a@Partner.Example", client: str = "192.0.2.8") -> Arrival:
    return Arrival(address(client), address("203.0.113.25"), "helo", sender, "x@it.co.za")


def decision(door: Door, action: Action = Action.PASS) -> Decision:
    evidence = Evidence("it.co.za")
    return Decision(action, Action.REFUSE, Stage.OBSERVE, door, Reason.BACK_DOOR, evidence)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store.db")


@pytest.mark.parametrize(
    ("door", "action", "kept"),
    [
        (Door.BACK, Action.PASS, True),
        (Door.BACK, Action.REFUSE, True),
        (Door.UNKNOWN, Action.PASS, True),
        (Door.UNKNOWN, Action.DEFER, True),
        (Door.OUTSIDE, Action.REFUSE, True),  # not let in
        (Door.OUTSIDE, Action.PASS, False),
        (Door.FRONT, Action.PASS, False),
        (Door.OPEN, Action.PASS, False),
    ],
)
def test_what_came_by_the_back_door_or_was_not_let_in(
    store: Store, door: Door, action: Action, kept: bool
) -> None:
    recent = Recent()
    recent.consider(arrival(), decision(door, action))
    assert recent.write(store.decided) == kept
    assert len(store.decided.newest()) == kept


def test_in_words_and_without_anything_a_stranger_made_up(store: Store) -> None:
    recent = Recent(clock=lambda: NOW)
    for sender in ("a@Partner.Example", "", 'x"@'):
        recent.consider(arrival(sender), decision(Door.BACK))
    recent.write(store.decided)
    told = ("192.0.2.8", "203.0.113.25", "it.co.za")
    rest = ("pass", "refuse", "observe", "back", "back-door")
    assert store.decided.newest() == tuple(
        Seen(NOW, *told, domain, *rest) for domain in ("", "", "partner.example")
    )


def test_a_full_line_drops_and_counts(store: Store) -> None:
    recent = Recent(room=10)
    for _ in range(15):
        recent.consider(arrival(), decision(Door.BACK))
    assert recent.dropped == 5
    assert recent.write(store.decided) == 10
    assert recent.write(store.decided) == 0


def test_what_could_not_be_written_is_offered_again_and_the_line_stays_bounded(
    tmp_path: Path, store: Store
) -> None:
    recent = Recent(room=10)
    rename(tmp_path, "decisions", "elsewhere")
    for n in range(40):
        recent.consider(arrival(client=f"192.0.2.{n}"), decision(Door.BACK))
        recent.found("own", f"d{n}.example", "x")
        if n in (5, 20):
            with pytest.raises(StoreError):
                recent.write(store.decided)
    rename(tmp_path, "elsewhere", "decisions")
    written = 0
    while more := recent.write(store.decided):
        written += more
    clients = [each.client for each in reversed(store.decided.newest())]
    assert clients == [f"192.0.2.{n}" for n in (*range(6), *range(6, 16))]
    assert written + recent.dropped == 40
    assert len(store.decided.findings()) == 40


def rename(folder: Path, table: str, name: str) -> None:
    with closing(sqlite3.connect(folder / "store.db")) as connection, connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


def test_findings_are_kept_with_their_time(store: Store) -> None:
    times = iter((NOW, NOW + 5))
    recent = Recent(clock=lambda: next(times))
    for _ in range(2):
        recent.found("own-and-scanner", "it.co.za", "mend it")
        recent.write(store.decided)
    assert store.decided.findings() == (
        Found("own-and-scanner", "it.co.za", "mend it", NOW, NOW + 5, 2),
    )
