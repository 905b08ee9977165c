"""Making the file, migrating it, and what is loaded for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from mxward.store.database import Store
from mxward.store.schema import REVISION, metadata

OPEN = "import sys; from mxward.store.database import Store; Store.open(sys.argv[1]).mark_key()"


def run(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, path],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_several_processes_may_make_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    running = [run(OPEN, path) for _ in range(4)]
    assert [(p.communicate()[0], p.returncode) for p in running] == [("", 0)] * 4
    assert [p.name for p in tmp_path.iterdir()] == ["store.db"]  # no draft is left


def test_alembic_is_loaded_only_where_there_is_something_to_do(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    told = f"{OPEN}; print('alembic' in sys.modules)"
    assert [run(told, path).communicate()[0].strip() for _ in range(2)] == ["True", "False"]


def test_the_newest_revision_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", "mxward.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_the_steps_lead_to_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    Store.open(tmp_path / "store.db").close()
    migrated = inspect(create_engine(f"sqlite:///{tmp_path}/store.db"))
    fresh_engine = create_engine("sqlite://")
    metadata.create_all(fresh_engine)
    fresh = inspect(fresh_engine)
    assert set(migrated.get_table_names()) == {*fresh.get_table_names(), "alembic_version"}
    for table in fresh.get_table_names():
        columns = [
            {c["name"]: (str(c["type"]), c["nullable"]) for c in told.get_columns(table)}
            for told in (migrated, fresh)
        ]
        assert columns[0] == columns[1]
        assert migrated.get_pk_constraint(table) == fresh.get_pk_constraint(table)


def test_a_half_made_store_never_exists(tmp_path: Path) -> None:
    """Killed at any moment of its first start, it leaves no file or a whole one."""
    for delay in (0.2, 0.5, 0.8, 1.1):
        path = tmp_path / f"{delay}.db"
        first = run(OPEN, path)
        try:
            first.wait(delay)
        except subprocess.TimeoutExpired:
            first.kill()
        first.communicate()
        Store.open(path).close()
