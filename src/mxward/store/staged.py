"""The stages that the store holds, and the history of who changed them.

A stage stands for a domain, for `*.domain`, or for all (EVERY). What is rolled back is undone one
change after the other, the newest first; that is a change of its own in the history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select
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
            changes = [
                Change(what, before, stage, at, by, (notes or {}).get(what, note), what in forced)
                for what, stage in wanted.items()
                if (before := _stage_of(connection, what)) is not stage
            ]
            return _applied(connection, changes)

    def undoable(self, entries: Sequence[str]) -> tuple[Change, ...]:
        """What `roll_back` would undo."""
        with self._transactions.reading() as connection:
            rows = _last_of(connection, entries) if entries else _last(connection)
            return tuple(_change(row) for row in rows)

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
            wanted = [
                Change(
                    change.what,
                    _stage_of(connection, change.what),
                    change.before,
                    at,
                    by,
                    note or _note_before(connection, change),
                    change.what in forced,
                    undoes=change.id,
                )
                for change in undone
                if [row.id for row in _last_of(connection, [change.what])] == [change.id]
            ]
            return _applied(connection, wanted)

    def history(self, what: str | None = None, most: int = 1_000) -> tuple[Change, ...]:
        """The changes of one entry, or all: the newest first, so many at most."""
        chosen = select(stage_history).order_by(stage_history.c.id.desc()).limit(most)
        if what is not None:
            chosen = chosen.where(stage_history.c.what == what)
        with self._transactions.reading() as connection:
            return tuple(_change(row) for row in connection.execute(chosen).all())


def _stage_of(connection: Connection, what: str) -> Stage | None:
    found = connection.scalar(select(stages.c.stage).where(stages.c.what == what))
    return None if found is None else Stage(found)


def _note_before(connection: Connection, undone: Change) -> str:
    earlier = (stage_history.c.what == undone.what) & (stage_history.c.id < undone.id)
    newest = select(stage_history.c.note).where(earlier).order_by(stage_history.c.id.desc())
    return str(connection.scalar(newest.limit(1)) or "") if undone.before is not None else ""


def _applied(connection: Connection, wanted: Sequence[Change]) -> tuple[Change, ...]:
    """Put changes in force, and into the history, as one."""
    if not wanted:
        return ()
    number = int(connection.scalar(select(func.max(stage_history.c.change))) or 0) + 1
    for change in wanted:
        if change.after is None:
            connection.execute(delete(stages).where(stages.c.what == change.what))
        else:
            row = {
                "stage": change.after,
                "set_at": change.at,
                "set_by": change.by,
                "note": change.note,
            }
            put = insert(stages).values(what=change.what, **row)
            connection.execute(put.on_conflict_do_update(index_elements=["what"], set_=row))
        connection.execute(
            insert(stage_history).values(
                change=number,
                what=change.what,
                before=change.before,
                after=change.after,
                at=change.at,
                by=change.by,
                note=change.note,
                forced=change.forced,
                undoes=change.undoes,
            )
        )
    made = select(stage_history).where(stage_history.c.change == number)
    return tuple(_change(row) for row in connection.execute(made.order_by(stage_history.c.id)))


def _undoable() -> Any:
    """Changes that are not undone, nor undo any."""
    other = stage_history.alias()
    undone = select(other.c.id).where(other.c.undoes == stage_history.c.id).exists()
    return stage_history.c.undoes.is_(None) & ~undone


def _last_of(connection: Connection, entries: Sequence[str]) -> list[Row[Any]]:
    found = []
    for what in dict.fromkeys(entries):
        newest = select(stage_history).where(stage_history.c.what == what, _undoable())
        row = connection.execute(newest.order_by(stage_history.c.id.desc()).limit(1)).first()
        if row is not None:
            found.append(row)
    return found


def _last(connection: Connection) -> Sequence[Row[Any]]:
    """What was changed together last, as far as nothing of it is undone."""
    last = select(func.max(stage_history.c.change)).where(_undoable()).scalar_subquery()
    chosen = select(stage_history).where(stage_history.c.change == last, _undoable())
    return connection.execute(chosen.order_by(stage_history.c.id)).all()


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
    )
