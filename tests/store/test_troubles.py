"""How the store on SQLite fails: in one line that says which file, why, and what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import alembic.command
import pytest
from alembic.config import Config
from sqlalchemy import create_engine

from mxward.model import EVERY, Remembered, Stage
from mxward.store.database import Store, StoreError
from mxward.store.decided import Found
from mxward.store.hearing import Hearing
from tests.store.contract import seen
from tests.store.samples import ANSWERS, HISTORIES, MX, TRUSTED


def later() -> Remembered:
    """An answer that is newer than all before: SQLite does not write what is there already."""
    return replace(ANSWERS[MX], observed_at=time.time())


USES: dict[str, Callable[[Store], object]] = {
    "add": lambda store: store.trusted.add(TRUSTED[0], 1.0, "anna"),
    "set": lambda store: store.staged.set({EVERY: Stage.DEFER}, 1.0, "anna"),
    "roll back": lambda store: store.staged.roll_back(store.staged.undoable([]), 1.0, "anna"),
    "write": lambda store: store.decided.write([seen()] * 1_000, [Found("a", "b", "c", 1.0, 1.0)]),
    "prune": lambda store: store.decided.prune(1.0),
    "save": lambda store: store.save(ANSWERS | {MX: later()}, HISTORIES),
    "accept": lambda store: store.accept("mimecast", 1.0),
}
READS: dict[str, Callable[[Store], object]] = {
    "word": Store.word,
    "words": Store.words,
    "history": lambda store: store.staged.history(),
    "newest": lambda store: store.decided.newest(),
    "came": lambda store: store.decided.came(0.0),
    "brought": lambda store: store.decided.brought(["192.0.2.8"], 0.0),
    "findings": lambda store: store.decided.findings(),
    "past": lambda store: store.past(MX),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with something of everything in it."""
    path = tmp_path / "store.db"
    with closing(Store.open(path)) as store:
        for use in USES.values():
            use(store)
    return path


def refused(use: Callable[[], object], path: Path) -> str:
    """The one line that it says."""
    with pytest.raises(StoreError) as refusal:
        use()
    line = str(refusal.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


# -- several at once ------------------------------------------------------------------------------

WRITER = """
import sys
from mxward.model import EVERY, Question, Kind, Stage
from mxward.store.database import Store
from tests.store.contract import seen
from tests.store.samples import ANSWERS, MX, TRUSTED
name, path, rounds = sys.argv[1:]
store = Store.open(path)
for n in range(int(rounds)):
    store.trusted.add(TRUSTED[n % 4], float(n), name)
    store.staged.set({f"{name}{n}.example": Stage.DEFER, EVERY: list(Stage)[n % 4]}, n, name)
    store.decided.write([seen(float(n))] * 20)
    store.save({Question(Kind.MX, f"{name}{n}.example"): ANSWERS[MX]})
    store.word(), store.decided.came(0.0), store.changed()
"""


def test_several_processes_write_and_read_at_once(
    tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    rounds = count(8, 100)
    path = tmp_path / "store.db"
    Store.open(path).close()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, path, str(rounds)],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("anna", "ben", "carla", "dora")
    ]
    assert [(each.communicate()[0], each.returncode) for each in running] == [("", 0)] * 4
    with closing(Store.open(path)) as store:
        entries = store.trusted.entries()
        assert [entry.trust.id for entry in entries] == list(range(1, 4 * rounds + 1))
        assert len(store.staged.stages()) == 4 * rounds + 1
        assert len(store.decided.newest(100_000)) == 80 * rounds
        assert len(store.load()) == 4 * rounds
        changes = store.staged.history(EVERY)  # nobody has lost anybody else's
        assert all(new.before is old.after for new, old in pairwise(changes))


# -- another one's lock, no room, no right --------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def test_who_is_locked_out_is_told_and_reads_all_the_same(path: Path) -> None:
    with closing(Store.open(path)) as store:
        hearing = Hearing(Store.open(path))
        with locked(path):
            assert "locked by another process" in refused(lambda: USES["add"](store), path)
            for read in READS.values():
                read(store)
            assert not hearing.listen()
        for use in USES.values():
            use(store)
        assert hearing.listen()


NO_ROOM = """
import os, resource, sys
from pathlib import Path
from mxward.store.database import Store, StoreError
from tests.store.test_troubles import READS, USES
path = Path(sys.argv[1])
store = Store.open(path)
before = store.word(), store.staged.history(), store.decided.newest()
most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most[1]))
for name, use in USES.items():
    try:
        use(store)
    except StoreError as error:
        assert str(error).startswith(f"{path}: "), error
        assert "make room" in str(error), error
        print(name)
for read in READS.values():
    read(store)
assert (store.word(), store.staged.history(), store.decided.newest()) == before
resource.setrlimit(resource.RLIMIT_FSIZE, most)
for use in USES.values():
    use(store)
"""


def test_where_there_is_no_room_nothing_is_changed_and_all_is_read(path: Path) -> None:
    """A file that may not grow, as on a full disk (the integration tests fill one)."""
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, path],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.split() == ["add", "set", "roll", "back", "write", "save", "accept"]


@contextmanager
def somebody_else() -> Iterator[None]:
    """Without root's rights, where the tests have them."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_who_may_not_write_may_read_and_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        keeping = Store.open(path)  # as the proxy does: it keeps the files beside it in place
        keeping.trusted.add(TRUSTED[0], 1.0, "anna")
        for each in Path(folder).iterdir():
            each.chmod(0o444)
        Path(folder).chmod(0o555)
        with somebody_else():
            with closing(Store.open(path, read_only=True)) as store:
                assert len(store.word().trust) == 1
                assert "must exist and be mxward's own" in refused(lambda: USES["add"](store), path)
            assert "must exist and be mxward's own" in refused(
                lambda: USES["add"](Store.open(path)), path
            )
        Path(folder).chmod(0o755)
        keeping.close()


# -- another file, and damage ---------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True])
def test_a_file_that_was_moved_away_is_told_by_who_listens(path: Path, there: bool) -> None:
    hearing = Hearing(Store.open(path))
    word = hearing.word
    path.rename(path.with_name("elsewhere.db"))
    if there:
        Store.open(path).close()
    for _ in range(2):
        assert "moved away or replaced" in refused(hearing.listen, path)
    assert hearing.word is word
    for each in path.parent.glob("store.db*"):
        each.unlink()
    path.with_name("elsewhere.db").rename(path)
    assert not hearing.listen()


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE trust SET name = 'mx.example.net'", "word"),  # two identities
        ("UPDATE trust SET network = NULL", "word"),
        ("UPDATE trust SET network = '192.0.2.999'", "word"),
        ("UPDATE trust SET recipients = '['", "word"),
        ("UPDATE trust SET senders = '[\"a b\"]'", "word"),
        ("UPDATE trust SET expires = 'soon'", "word"),
        ("UPDATE stages SET stage = 'sideways'", "word"),
        ("UPDATE stages SET set_at = 'now'", "word"),
        ("UPDATE stage_history SET after = 'sideways'", "history"),
        ("DROP TABLE trust", "word"),
        ("DROP TABLE decisions", "came"),
    ],
)
def test_rows_that_are_not_ours(path: Path, statement: str, read: str) -> None:
    with closing(Store.open(path)) as store:
        store.staged.set({EVERY: Stage.DEFER}, 2.0, "anna")
    hearing = Hearing(Store.open(path))
    word = hearing.word
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)
        connection.execute("UPDATE sizes SET count = count + 1 WHERE name = 'words'")
    with closing(Store.open(path)) as store:
        told = refused(lambda: READS[read](store), path)
    assert "damaged" in told or "no such table" in told
    if read == "word":
        for _ in range(2):  # and it is tried again
            assert refused(hearing.listen, path) == told
        assert hearing.word is word


def test_a_page_of_garbage_is_told_or_does_not_matter(
    path: Path, count: Callable[[int, int], int]
) -> None:
    whole = path.read_bytes()
    with closing(Store.open(path)) as store:
        good = [read(store) for read in READS.values()]
    told = 0
    for page in range(1, len(whole) // 4096, count(5, 1)):
        damaged = bytearray(whole)
        damaged[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
        path.write_bytes(damaged)
        for number, read in enumerate(READS.values()):
            try:
                with closing(Store.open(path)) as store:
                    assert read(store) == good[number]
            except StoreError as error:
                assert "damaged" in str(error)
                told += 1
    assert told > 3


# -- older revisions ------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """As the first mxward left it."""
    path = tmp_path / "store.db"
    config = Config()
    config.set_main_option("script_location", "mxward.store:migrations")
    with create_engine(f"sqlite:///{path}").connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO answers VALUES ('MX', 'it.co.za', 'found', '[\"10 a.example\"]', '',"
            " 1000.5, 1300.5, '')",
            "INSERT INTO accepted VALUES ('mimecast', 7.5)",
            "INSERT INTO secrets VALUES ('mark', x'00112233')",
            "INSERT INTO sizes VALUES ('inventory', 5)",
        ):
            connection.exec_driver_sql(statement)
        connection.commit()
    return path


def test_a_store_of_the_first_revision_is_brought_up_to_date(old: Path) -> None:
    assert "start `mxward serve` once" in refused(lambda: Store.open(old, read_only=True), old)
    with closing(Store.open(old)) as store:
        assert store.load()[MX].values == ("10 a.example",)
        assert [span.since for span in store.past(MX)] == [1000.5]
        assert (store.accepted(), store.mark_key()) == (
            {"mimecast": 7.5},
            bytes.fromhex("00112233"),
        )
        assert (store.inventory_size(), store.words()) == (5, 0)
        for use in USES.values():
            use(store)
    with closing(Store.open(old, read_only=True)) as store:
        assert len(store.word().trust) == 1
