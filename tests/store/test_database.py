"""What the store keeps, and how it fails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.model import Kind, Known, Question, Remembered
from mxward.store.database import Store, StoreError
from tests.store.samples import ANSWERS, HISTORIES, MX


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def filled(path: Path, answers: int = 0) -> Path:
    """A store with the samples and some more in it."""
    store = Store.open(path)
    many = {
        Question(Kind.MX, f"domain{n}.example"): replace(ANSWERS[MX], observed_at=float(n))
        for n in range(answers)
    }
    store.save(ANSWERS | many, HISTORIES)
    store.close()
    return path


def test_what_is_saved_is_there_after_a_restart(path: Path) -> None:
    store = Store.open(filled(path))
    assert store.load() == ANSWERS
    assert store.egress() == HISTORIES


def test_the_newest_answer_stays(path: Path) -> None:
    store = Store.open(filled(path))
    newer = replace(ANSWERS[MX], values=("10 new.example",), observed_at=2000.0)
    store.save({MX: newer})
    store.save({MX: ANSWERS[MX]})  # another process, late
    assert store.load() == ANSWERS | {MX: newer}


def test_what_is_old_can_be_forgotten(path: Path) -> None:
    store = Store.open(filled(path))
    assert store.prune(before=1002.0) == 2
    assert all(known.observed_at >= 1002.0 for known in store.load().values())
    assert len(store.load()) == 2


def test_the_key_is_made_once(path: Path) -> None:
    store = Store.open(path)
    key = store.mark_key()
    assert len(key) == 32
    assert store.mark_key() == key
    assert Store.open(path).mark_key() == key
    assert Store.open(path.with_name("other.db")).mark_key() != key


def test_the_operators_word_is_seen_by_the_other_process(path: Path) -> None:
    serving, command = Store.open(path), Store.open(path)
    assert not serving.changed()
    command.accept("mimecast", 5.0)
    command.accept("mimecast", 7.5)
    assert serving.changed()
    assert not serving.changed()
    assert serving.accepted() == {"mimecast": 7.5}
    serving.save(ANSWERS)
    assert not serving.changed()  # only what others write


def test_one_reads_while_another_writes(path: Path) -> None:
    serving = Store.open(path)
    reading = Store.open(path, read_only=True)
    serving.save(ANSWERS)
    assert reading.load() == ANSWERS
    with pytest.raises(StoreError):
        reading.save(ANSWERS)
    serving.save({MX: replace(ANSWERS[MX], observed_at=3000.0)})
    assert reading.load()[MX].observed_at == 3000.0


def test_nobody_else_may_read_it(path: Path) -> None:
    store = Store.open(path)
    store.save(ANSWERS)
    assert {p.stat().st_mode & 0o777 for p in path.parent.iterdir()} == {0o600}
    assert {p.name for p in path.parent.iterdir()} == {"store.db", "store.db-wal", "store.db-shm"}
    store.close()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.floats(0, 1e10)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.builds(Question, st.sampled_from(Kind), TEXT),
        st.builds(
            Remembered,
            st.sampled_from([Known.FOUND, Known.ABSENT]),
            st.lists(TEXT, max_size=3).map(tuple),
            TEXT,
            TIMES,
            TIMES,
            st.lists(st.tuples(TEXT, TIMES), max_size=3).map(tuple),
        ),
    )
)
def test_any_answer_comes_back_as_it_was(answers: dict[Question, Remembered]) -> None:
    with TemporaryDirectory() as directory:
        store = Store.open(Path(directory) / "store.db")
        store.save(answers)
        assert store.load() == answers
        store.close()


# -- how it fails -------------------------------------------------------------------------------


def refused(path: Path, read_only: bool = False) -> str:
    """The one line of a store that cannot be opened, or not be read."""
    with pytest.raises(StoreError) as refusal:
        store = Store.open(path, read_only=read_only)
        store.load()
        store.egress()
        store.accepted()
    line = str(refusal.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"no database at all\n" * 500, b"SQLite format 3\x00" + b"\xff" * 5000],
    ids=["empty", "one octet", "text", "only the header"],
)
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path)
    refused(path, read_only=True)
    assert path.read_bytes() == content  # nothing of it is touched


@pytest.mark.parametrize("left", [1, 100, 512, 4096, 5000, 20_000, -4096])
def test_a_truncated_file(path: Path, left: int) -> None:
    whole = filled(path, answers=2000).read_bytes()
    path.write_bytes(whole[:left])
    assert "damaged" in refused(path)


def test_damage_anywhere_is_told_or_does_not_matter(path: Path) -> None:
    """Never less than all there was without a word."""
    whole = filled(path, answers=300).read_bytes()
    all_of_it = Store.open(path).load()
    told = 0
    for page in range(1, len(whole) // 4096):
        damaged = bytearray(whole)
        damaged[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
        path.write_bytes(damaged)
        try:
            assert Store.open(path).load() == all_of_it
        except StoreError as error:
            assert "damaged" in str(error)
            told += 1
    assert told > 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE answers SET state = 'sideways'",
        "UPDATE answers SET kind = 'WKS' WHERE kind = 'MX'",
        "UPDATE answers SET data = '[1'",
        "UPDATE answers SET data = '[1]'",
        "UPDATE answers SET former = '[[\"a\"]]'",
        "UPDATE egress SET history = '{}'",
        "UPDATE egress SET history = replace(history, '192.0.2.0', '192.0.2.999')",
    ],
)
def test_rows_that_are_not_ours(path: Path, statement: str) -> None:
    change(filled(path), statement)
    assert "damaged" in refused(path)


def test_a_store_from_the_future(path: Path) -> None:
    change(filled(path), "UPDATE alembic_version SET version_num = '9999'")
    assert "newer mxward" in refused(path)
    assert "newer mxward" in refused(path, read_only=True)


def test_a_database_of_somebody_else(path: Path) -> None:
    change(path, "CREATE TABLE mailboxes (name TEXT)")
    assert "not a store of mxward" in refused(path)


def test_no_directory_and_no_file(tmp_path: Path) -> None:
    assert "no directory" in refused(tmp_path / "nowhere" / "store.db")
    assert "no store yet" in refused(tmp_path / "store.db", read_only=True)
    assert list(tmp_path.iterdir()) == []
    refused(tmp_path)  # a directory


def test_a_store_locked_for_too_long_says_so(path: Path) -> None:
    store = Store.open(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another process"):
        store.accept("mimecast", 1.0)
    holder.rollback()
    store.accept("mimecast", 1.0)  # nothing is left over


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_the_size_of_the_inventory_is_kept(tmp_path: Path) -> None:
    with closing(Store.open(tmp_path / "store.db")) as store:
        assert store.inventory_size() == 0
        store.keep_inventory_size(5_000)
        store.keep_inventory_size(4_999)
    with closing(Store.open(tmp_path / "store.db")) as store:
        assert store.inventory_size() == 4_999
