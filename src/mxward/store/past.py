"""What was answered before: so that an old log can be judged by the front doors of its time.

An answer counts as another one where its state, its values or its canonical name differ. When it
was replaced is known as far as it was asked: what was answered from `since` on was last heard
before `until`, when something else was. A former answer is told with these as its times.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from mxward.model import Kind, Question, Remembered
from mxward.store.rows import ANSWERS, answers_of
from mxward.store.schema import answer_history, answers

__all__ = ["KEPT", "Span", "keep", "past", "pasts", "prune"]

KEPT = 400 * 86400.0
"""Seconds that a former answer is kept."""
_MOST = 1_000_000
_MOST_OF_ONE = 1_000

_REPLACED = """INSERT INTO answer_history (kind, name, state, data, canonical, since, until)
SELECT kind, name, state, data, canonical, since, :observed_at FROM answers
WHERE kind = :kind AND name = :name AND observed_at <= :observed_at
AND NOT (state = :state AND data = :data AND canonical = :canonical)"""
_AT_ONCE = 500  # names in one question to the database
_FORMER_ROWS = "SELECT kind, name, state, data, canonical, since, until, '' FROM answer_history"
_FORMER = f"{_FORMER_ROWS} WHERE kind = ? AND name = ? ORDER BY id DESC LIMIT ?"
_PRESENT_ROWS = ANSWERS.replace(" FROM", ", since FROM")


class Span(NamedTuple):
    """An answer, and the time over which it was given (seconds since the epoch)."""

    since: float
    until: float  # infinity: no other is known
    remembered: Remembered


def keep(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Put new answers in the place of older ones, and those that say something else to the past."""
    connection.exec_driver_sql(_REPLACED, list(rows))
    upsert = insert(answers)
    new = upsert.excluded
    same = (answers.c.state == new.state) & (answers.c.data == new.data)
    since = case((same & (answers.c.canonical == new.canonical), answers.c.since), else_=new.since)
    replaced = {c.name: new[c.name] for c in answers.c if not c.primary_key}
    replace = upsert.on_conflict_do_update(
        index_elements=["kind", "name"],
        set_=replaced | {"since": since},
        where=answers.c.observed_at <= new.observed_at,
    )
    connection.execute(replace, [row | {"since": row["observed_at"]} for row in rows])


def past(connection: Connection, question: Question) -> list[Span]:
    """What one question was answered, the oldest first."""
    key = (question.kind.value, question.name)
    former = connection.exec_driver_sql(_FORMER, (*key, _MOST_OF_ONE)).all()
    spans = [
        Span(known.observed_at, known.expires_at, known)
        for _, known in answers_of(reversed(former))
    ]
    one = f"{ANSWERS} WHERE kind = ? AND name = ?"
    present = connection.exec_driver_sql(one, key).all()
    since = select(answers.c.since).where(answers.c.kind == key[0], answers.c.name == key[1])
    for _, known in answers_of(present):
        spans.append(Span(float(connection.scalar(since) or 0.0), math.inf, known))
    return spans


def pasts(
    connection: Connection, kind: Kind, names: Iterable[str], after: float
) -> dict[str, list[Span]]:
    """The same for many names at once, those of them that are known; without what was over before
    `after` (seconds since the epoch).
    """
    found: dict[str, list[Span]] = {}
    waiting = iter(names)
    while some := tuple(islice(waiting, _AT_ONCE)):
        named = f"kind = ? AND name IN ({', '.join('?' * len(some))})"
        former = f"{_FORMER_ROWS} WHERE {named} AND until > ? ORDER BY id"
        for question, known in answers_of(_rows(connection, former, kind, *some, after)):
            span = Span(known.observed_at, known.expires_at, known)
            found.setdefault(question.name, []).append(span)
        present = _rows(connection, f"{_PRESENT_ROWS} WHERE {named}", kind, *some)
        told = answers_of(row[:-1] for row in present)
        for (question, known), (*_, since) in zip(told, present, strict=True):
            found.setdefault(question.name, []).append(Span(since, math.inf, known))
    return found


def _rows(connection: Connection, sql: str, *values: object) -> Sequence[Any]:
    """As the driver gives them: SQLAlchemy's rows would double the time."""
    cursor = connection.connection.cursor()
    return cursor.execute(sql, values).fetchall()  # type: ignore[no-any-return]


def prune(connection: Connection, before: float, kept: float) -> int:
    """Forget answers last given before then, and former ones that were replaced long before."""
    newest = select(func.max(answer_history.c.until)).scalar_subquery()
    connection.execute(delete(answer_history).where(answer_history.c.until < newest - kept))
    last = select(func.max(answer_history.c.id)).scalar_subquery()
    connection.execute(delete(answer_history).where(answer_history.c.id <= last - _MOST))
    old = delete(answers).where(answers.c.observed_at < before)
    return connection.execute(old).rowcount
