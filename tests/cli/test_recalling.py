"""A memory that reads from the store only what is asked for, and writes only when told to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mxward.cli.recalling import Recalling
from mxward.model import Kind, Question
from mxward.store.database import Store
from tests.store.samples import ANSWERS, HISTORIES, MX


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store.db")
    store.save(ANSWERS, HISTORIES)
    store.accept("mimecast", 7.0)
    return store


def test_everything_is_recalled_when_asked_for(store: Store) -> None:
    memory = Recalling(store)
    assert len(memory) == 0
    assert {question: memory.recall(question) for question in ANSWERS} == ANSWERS
    assert memory.recall(Question(Kind.MX, "nowhere.example")) is None
    assert {name: memory.egress(name) for name in HISTORIES} == HISTORIES
    assert memory.accepted_at("mimecast") == 7.0


def test_what_is_new_is_written_when_told_to(store: Store) -> None:
    memory = Recalling(store)
    newer = replace(ANSWERS[MX], observed_at=2_000.0)
    history = replace(HISTORIES["hornet"], names=("other.example",))
    memory.keep(MX, newer)
    memory.keep_egress("hornet", history)
    assert memory.recall(MX) == newer
    assert store.load() == ANSWERS
    assert store.egress() == HISTORIES
    memory.save()
    assert store.load() == ANSWERS | {MX: newer}
    assert store.egress() == HISTORIES | {"hornet": history}


def test_a_store_that_fails_meanwhile_is_a_memory_without_it(store: Store, tmp_path: Path) -> None:
    memory = Recalling(store)
    known = memory.recall(MX)
    store.close()
    for file in tmp_path.iterdir():
        file.unlink()
    assert memory.recall(MX) == known
    assert memory.recall(Question(Kind.A, "a.example")) is None
