"""A memory with the store behind it: the loop touches dictionaries only, a thread writes."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Kind, Question
from mxward.networks import network
from mxward.store.database import Store, StoreError
from mxward.store.memory import StoredMemory
from tests.store.samples import ANSWERS, HISTORIES, MX


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def filled(path: Path) -> StoredMemory:
    store = Store.open(path)
    store.save(ANSWERS, HISTORIES)
    store.accept("mimecast", 7.0)
    return StoredMemory(store)


def test_it_knows_what_the_store_knows(path: Path) -> None:
    memory = filled(path)
    assert {question: memory.recall(question) for question in ANSWERS} == ANSWERS
    assert memory.egress("mimecast") == HISTORIES["mimecast"]
    assert memory.accepted_at("mimecast") == 7.0
    assert memory.drain() == 0  # nothing is new


def test_names_are_kept_as_they_are_spelled_elsewhere(path: Path) -> None:
    store = Store.open(path)
    store.save(ANSWERS)
    spelled: list[str] = []

    def spell(name: str) -> str:
        spelled.append(name)
        return f"{name}.elsewhere"

    memory = StoredMemory(store, spelled=spell)
    assert sorted(spelled) == sorted(question.name for question in ANSWERS)
    for question, known in ANSWERS.items():
        assert memory.recall(Question(question.kind, f"{question.name}.elsewhere")) == known


def test_what_is_new_is_written_by_draining(path: Path) -> None:
    memory = StoredMemory(Store.open(path))
    for question, known in ANSWERS.items():
        memory.keep(question, known)
    memory.keep_egress("hornet", HISTORIES["hornet"])
    assert memory.recall(MX) == ANSWERS[MX]
    assert Store.open(path).load() == {}
    assert memory.drain() == len(ANSWERS)
    assert memory.drain() == 0
    assert Store.open(path).load() == ANSWERS
    assert Store.open(path).egress() == {"hornet": HISTORIES["hornet"]}


def test_the_newest_of_several_is_written(path: Path) -> None:
    memory = StoredMemory(Store.open(path))
    for n in range(5):
        memory.keep(MX, replace(ANSWERS[MX], values=(f"{n} mx.example",), observed_at=1000.0 + n))
    assert memory.drain() == 1
    assert Store.open(path).load()[MX].values == ("4 mx.example",)


def test_what_says_nothing_new_is_written_once_an_hour(path: Path) -> None:
    memory = StoredMemory(Store.open(path))
    written = 0
    for n in range(0, 4 * 3600, 60):
        memory.keep(MX, replace(ANSWERS[MX], observed_at=36_000.0 + n, expires_at=36_300.0 + n))
        written += memory.drain()
    assert written == 4
    known = memory.recall(MX)
    assert known is not None
    assert known.observed_at == 36_000.0 + 4 * 3600 - 60


@pytest.mark.parametrize(
    "change", [{"values": ("10 new.example",)}, {"canonical": "x"}, {"former": (("a", 1.0),)}]
)
def test_every_change_is_written(path: Path, change: dict[str, object]) -> None:
    memory = filled(path)
    memory.keep(MX, replace(ANSWERS[MX], **change))  # type: ignore[arg-type]
    assert memory.drain() == 1


def test_what_could_not_be_written_is_offered_again(path: Path) -> None:
    memory = StoredMemory(Store.open(path))
    change(path, "ALTER TABLE answers RENAME TO elsewhere")
    memory.keep(MX, ANSWERS[MX])
    memory.keep_egress("hornet", EgressHistory(("spf.example",)))
    with pytest.raises(StoreError):
        memory.drain()
    assert memory.recall(MX) == ANSWERS[MX]
    change(path, "ALTER TABLE elsewhere RENAME TO answers")
    assert memory.drain() == 1
    assert Store.open(path).egress() == {"hornet": EgressHistory(("spf.example",))}


def test_a_full_line_drops_and_counts(path: Path) -> None:
    memory = StoredMemory(Store.open(path), line=10)
    for n in range(15):
        memory.keep(Question(Kind.MX, f"{n}.example"), ANSWERS[MX])
    assert memory.dropped == 5
    assert memory.drain() == 10
    assert len(memory) == 15


def test_the_operators_word_is_taken_in(path: Path) -> None:
    memory = filled(path)
    assert not memory.reread()
    Store.open(path).accept("hornet", 9.0)
    assert memory.reread()
    assert (memory.accepted_at("hornet"), memory.accepted_at("mimecast")) == (9.0, 7.0)
    assert not memory.reread()


def test_with_the_operators_word_comes_the_history_it_is_about(path: Path) -> None:
    memory = filled(path)
    news = EgressHistory(("spf.example",), ((network("10.0.0.0/8"), 6.0),))
    other = Store.open(path)
    other.save({}, {"mimecast": news, "hornet": news})
    other.accept("mimecast", 8.0)
    memory.keep_egress("hornet", HISTORIES["hornet"])  # newer, not written yet
    assert memory.reread()
    assert memory.egress("mimecast") == news
    assert memory.egress("hornet") == HISTORIES["hornet"]


def test_what_other_workers_are_answered_is_no_word_of_the_operator(path: Path) -> None:
    memory, other = filled(path), StoredMemory(Store.open(path))
    other.keep(Question(Kind.MX, "new.example"), ANSWERS[MX])
    other.keep_egress("mimecast", HISTORIES["mimecast"])
    other.drain()
    assert not memory.reread()


def test_one_thread_keeps_while_another_drains(path: Path) -> None:
    memory = StoredMemory(Store.open(path))
    done = threading.Event()
    written = 0

    def drain() -> None:
        nonlocal written
        while not done.is_set():
            written += memory.drain()
        written += memory.drain()

    thread = threading.Thread(target=drain)
    thread.start()
    for n in range(5000):
        memory.keep(Question(Kind.MX, f"{n}.example"), ANSWERS[MX])
    done.set()
    thread.join()
    assert written == 5000
    assert len(Store.open(path).load()) == 5000


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()
