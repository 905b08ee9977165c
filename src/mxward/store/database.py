"""The store: what outlives the process, in one SQLite file.

Supported: several processes at once (WAL), reading while another writes, a reader that may not
write. Not supported: network file systems, and use by several threads at the same moment: open it,
then leave it to the one thread that drains the memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Kind, Question, Remembered, Stored
from mxward.store.audited import Audited
from mxward.store.decided import Decided
from mxward.store.errors import StoreError
from mxward.store.opening import open_engine
from mxward.store.past import KEPT, Span, keep, past, pasts, prune
from mxward.store.rows import ANSWERS, answer_row, answers_of, history_of, history_text
from mxward.store.schema import accepted, egress, secrets, sizes
from mxward.store.staged import Staged
from mxward.store.transactions import Transactions
from mxward.store.trusted import TrustedClients

__all__ = ["Store", "StoreError"]

_MARK_KEY = "mark"
_INVENTORY = "inventory"


class Store:
    """An open store. Every method raises StoreError where the file cannot be used."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._transactions = Transactions(path, engine)
        self.trusted = TrustedClients(self._transactions)
        self.staged = Staged(self._transactions)
        self.decided = Decided(self._transactions)
        self.audited = Audited(self._transactions)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, read_only: bool = False) -> Store:
        """Open the store, made and migrated where needed (never when `read_only`)."""
        where = Path(path)
        return cls(where, open_engine(where, read_only=read_only))

    def close(self) -> None:
        """Let go of the file."""
        self._transactions.close()

    # -- the operator's word ------------------------------------------------------------------

    def word(self) -> Stored:
        """The trusted clients and the stages that are set here."""
        trust = tuple(entry.trust for entry in self.trusted.entries())
        return Stored(trust, self.staged.stages())

    def words(self) -> int:
        """Is another number whenever `word` or `accepted` is."""
        return self._transactions.words()

    def changed(self) -> bool:
        """Whether another process has written since this was asked last, or since the start.

        Raises StoreError too where the file is not in its place any more.
        """
        return self._transactions.changed()

    # -- what is remembered -------------------------------------------------------------------

    def answers(self) -> Iterator[tuple[Question, Remembered]]:
        """Every remembered answer, read as it is taken."""
        with self._transactions.reading() as connection:
            cursor = connection.connection.cursor()  # SQLAlchemy's rows would double the time
            cursor.execute(ANSWERS)
            batches = iter(lambda: cursor.fetchmany(10_000), [])
            yield from answers_of(chain.from_iterable(batches))

    def answer(self, question: Question) -> Remembered | None:
        """What is remembered of one question."""
        one = f"{ANSWERS} WHERE kind = ? AND name = ?"
        with self._transactions.reading() as connection:
            rows = connection.exec_driver_sql(one, (question.kind.value, question.name))
            return next((known for _, known in answers_of(rows.all())), None)

    def load(self) -> dict[Question, Remembered]:
        """Every remembered answer."""
        return dict(self.answers())

    def save(
        self,
        known: Mapping[Question, Remembered],
        histories: Mapping[str, EgressHistory] | None = None,
    ) -> None:
        """Remember answers and egress histories, all or none; what is newer stays.

        What says something else than before does not make that forgotten: see `past`.
        """
        rows = [answer_row(question, remembered) for question, remembered in known.items()]
        with self._transactions.writing() as connection:
            if rows:
                keep(connection, rows)
            for scanner, history in (histories or {}).items():
                put = insert(egress).values(scanner=scanner, history=history_text(history))
                connection.execute(
                    put.on_conflict_do_update(
                        index_elements=["scanner"], set_={"history": put.excluded.history}
                    )
                )

    def egress(self) -> dict[str, EgressHistory]:
        """What the SPF names of each scanner have come to."""
        with self._transactions.reading() as connection:
            rows = connection.execute(select(egress.c.scanner, egress.c.history))
            return {scanner: history_of(text) for scanner, text in rows}

    def accept(self, scanner: str, at: float) -> None:
        """The operator's word for all that was held of a scanner up to that time (seconds)."""
        put = insert(accepted).values(scanner=scanner, at=at)
        with self._transactions.giving_word() as connection:
            connection.execute(
                put.on_conflict_do_update(index_elements=["scanner"], set_={"at": put.excluded.at})
            )

    def accepted(self) -> dict[str, float]:
        """When the operator accepted what was held, by scanner (seconds)."""
        with self._transactions.reading() as connection:
            return {row.scanner: row.at for row in connection.execute(select(accepted))}

    def inventory_size(self) -> int:
        """How many domains there were when mxward last ran; 0 where that is not known."""
        with self._transactions.reading() as connection:
            found = connection.scalar(select(sizes.c["count"]).where(sizes.c.name == _INVENTORY))
            return int(found or 0)

    def keep_inventory_size(self, domains: int) -> None:
        """Remember how many domains there are."""
        put = insert(sizes).values(name=_INVENTORY, count=domains)
        with self._transactions.writing() as connection:
            connection.execute(
                put.on_conflict_do_update(
                    index_elements=["name"], set_={"count": put.excluded["count"]}
                )
            )

    def mark_key(self) -> bytes:
        """The key of the marks that tell a loop: 32 octets, made once."""
        with self._transactions.reading() as connection:
            key = connection.scalar(select(secrets.c.value).where(secrets.c.name == _MARK_KEY))
        if key is None:
            put = insert(secrets).values(name=_MARK_KEY, value=os.urandom(32))
            with self._transactions.writing() as connection:
                connection.execute(put.on_conflict_do_nothing())
            return self.mark_key()
        return bytes(key)

    def past(self, question: Question) -> list[Span]:
        """What a question was answered over time, the oldest first, the last of them until now."""
        with self._transactions.reading() as connection:
            return past(connection, question)

    def pasts(self, kind: Kind, names: Iterable[str], after: float = 0.0) -> dict[str, list[Span]]:
        """The same for many names at once, without what was over before `after` (seconds)."""
        with self._transactions.reading() as connection:
            return pasts(connection, kind, names, after)

    def prune(self, before: float, *, past: float = KEPT) -> int:
        """Forget the answers that were last given before then (seconds); says how many.

        What was answered before is forgotten `past` seconds after it was replaced.
        """
        with self._transactions.writing() as connection:
            return prune(connection, before, past)
