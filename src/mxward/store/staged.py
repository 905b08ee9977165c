"""The stages that the store holds, and the history of who changed them.

A stage stands for a domain, for `*.domain`, or for all (EVERY). What is rolled back is undone one
change after the other, the newest first; that is a change of its own in the history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from mxward.model import Stage, StageSet
from mxward.store.schema import stage_history, stages
from mxward.store.transactions import Transactions

__all__ = ["Change", "Staged"]


@dataclass(frozen=True, slots=True)
class Change:
    """One stage that was changed. None means that the store said nothing of it."""

    what: str
    before: Stage | None
    after: Stage | None
    at: float  # seconds since the epoch
    by: str
    note: str = ""
    forced: bool = False  # although it was held back
    undoes: int | None = None  # the id of the change that this one has rolled back
    id: int = 0
    number: int = 0  # the same for all that were changed together


_NOTE_BEFORE = """SELECT note FROM stage_history WHERE what = ? AND id < ?
ORDER BY id DESC LIMIT 1"""


class Staged:
    """Every method raises StoreError."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def stages(self) -> dict[str, StageSet]:
        """What is set, by what it is set for, in order."""
        with self._transactions.reading() as connection:
            rows = connection.execute(select(stages).order_by(stages.c.what)).all()
            return {
                row.what: StageSet(Stage(row.stage), float(row.set_at), row.set_by, row.note)
                for row in rows
            }

    def set(
        self,
        wanted: Mapping[str, Stage | None],
        at: float,
        by: str,
        note: str = "",
        *,
        forced: Collection[str] = (),
        notes: Mapping[str, str] | None = None,
    ) -> tuple[Change, ...]:
        """Set these stages, or none, as one change; gives what is another now.

        `forced` are those that were held back; `notes` are for some of them in place of `note`.
        """
        with self._transactions.giving_word() as connection:
            now = _stages(connection)
            changes = [
                Change(what, now.get(what), stage, at, by, (notes or {}).get(what, note))
                for what, stage in wanted.items()
                if now.get(what) is not stage
            ]
            return _applied(connection, [replace(c, forced=c.what in forced) for c in changes])

    def undoable(self, entries: Collection[str]) -> tuple[Change, ...]:
        """What `roll_back` would undo: the last change of each of these; of all that were changed
        together, for none.
        """
        with self._transactions.reading() as connection:
            last = _last(connection)
        if not entries:
            newest = max((change.number for change in last.values()), default=0)
            return tuple(change for change in last.values() if change.number == newest)
        return tuple(last[what] for what in dict.fromkeys(entries) if what in last)

    def roll_back(
        self,
        undone: Iterable[Change],
        at: float,
        by: str,
        note: str = "",
        *,
        forced: Collection[str] = (),
    ) -> tuple[Change, ...]:
        """Undo these, as one change; gives what is another now. Without a note, the one that stood
        there before does again.

        What is not the last of its entry any more, for somebody was quicker, stays.
        """
        with self._transactions.giving_word() as connection:
            now, last = _stages(connection), _last(connection)
            mine = [c for c in undone if c.what in last and last[c.what].id == c.id]
            notes = {} if note else _notes_before(connection, mine)
            changes = [
                Change(
                    change.what,
                    now.get(change.what),
                    change.before,
                    at,
                    by,
                    notes.get(change.id, note),
                    change.what in forced,
                    undoes=change.id,
                )
                for change in mine
            ]
            return _applied(connection, changes)

    def history(self, what: str | None = None, most: int = 1_000) -> tuple[Change, ...]:
        """The changes of one entry, or all: the newest first, so many at most."""
        chosen = select(stage_history).order_by(stage_history.c.id.desc()).limit(most)
        if what is not None:
            chosen = chosen.where(stage_history.c.what == what)
        with self._transactions.reading() as connection:
            return tuple(_change(row) for row in connection.execute(chosen).all())


def _stages(connection: Connection) -> dict[str, Stage]:
    rows = connection.execute(select(stages.c.what, stages.c.stage))
    return {what: Stage(stage) for what, stage in rows}


def _last(connection: Connection) -> dict[str, Change]:
    """The last change of each entry that is not undone, nor undoes any."""
    other, made = stage_history.alias(), stage_history.c
    undone = select(other.c.id).where(other.c.undoes == made.id).exists()
    newest = select(func.max(made.id)).where(made.undoes.is_(None) & ~undone).group_by(made.what)
    rows = connection.execute(select(stage_history).where(made.id.in_(newest)).order_by(made.id))
    return {row.what: _change(row) for row in rows}


def _notes_before(connection: Connection, undone: Sequence[Change]) -> dict[int, str]:
    """The notes of what stood there before these, by their ids."""
    cursor = connection.connection.cursor()  # SQLAlchemy's way would take ten times as long
    found = {}
    for change in undone:
        row = cursor.execute(_NOTE_BEFORE, (change.what, change.id)).fetchone()
        found[change.id] = str(row[0]) if row and change.before is not None else ""
    return found


def _applied(connection: Connection, wanted: Sequence[Change]) -> tuple[Change, ...]:
    """Put changes in force, and into the history, as one."""
    if not wanted:
        return ()
    number = int(connection.scalar(select(func.max(stage_history.c.change))) or 0) + 1
    gone = [{"gone": change.what} for change in wanted if change.after is None]
    if gone:
        connection.execute(delete(stages).where(stages.c.what == bindparam("gone")), gone)
    put = insert(stages)
    columns = ("stage", "set_at", "set_by", "note")
    put = put.on_conflict_do_update(
        index_elements=["what"], set_={name: put.excluded[name] for name in columns}
    )
    come = [
        dict(zip(columns, (c.after, c.at, c.by, c.note), strict=True)) | {"what": c.what}
        for c in wanted
        if c.after is not None
    ]
    if come:
        connection.execute(put, come)
    names = ("what", "before", "after", "at", "by", "note", "forced", "undoes")
    told = [{name: getattr(c, name) for name in names} | {"change": number} for c in wanted]
    connection.execute(insert(stage_history), told)
    made = select(stage_history).where(stage_history.c.change == number)
    return tuple(_change(row) for row in connection.execute(made.order_by(stage_history.c.id)))


def _change(row: Row[Any]) -> Change:
    return Change(
        row.what,
        Stage(row.before) if row.before is not None else None,
        Stage(row.after) if row.after is not None else None,
        float(row.at),
        row.by,
        row.note,
        bool(row.forced),
        row.undoes,
        row.id,
        row.change,
    )
