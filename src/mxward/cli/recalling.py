"""A memory for one question: it reads from the store only what is asked for."""

from __future__ import annotations

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Question, Remembered
from mxward.store.database import Store, StoreError
from mxward.store.recollection import Recollection

__all__ = ["Recalling"]


class Recalling(Recollection):
    """What a store remembers, and what is new; nothing is written but by `save`.

    So that a question about one domain need not wait until a million are loaded.
    """

    def __init__(self, store: Store) -> None:
        """Raises StoreError."""
        super().__init__()
        self._store = store
        self._egress = store.egress()
        self._accepted = store.accepted()
        self._new: dict[Question, Remembered] = {}
        self._new_egress: dict[str, EgressHistory] = {}

    def recall(self, question: Question) -> Remembered | None:
        """What is remembered of a question; nothing where the store fails meanwhile."""
        known = super().recall(question)
        if known is None:
            try:
                known = self._store.answer(question)
            except StoreError:
                return None
            if known is not None:
                super().keep(question, known)
        return known

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this of a question from now on."""
        super().keep(question, remembered)
        self._new[question] = remembered

    def keep_egress(self, scanner: str, history: EgressHistory) -> None:
        """Remember this of a scanner's SPF names."""
        super().keep_egress(scanner, history)
        self._new_egress[scanner] = history

    def save(self) -> None:
        """Write what is new. Raises StoreError."""
        self._store.save(self._new, self._new_egress)

    def accept(self, scanner: str, at: float) -> None:
        """Take the operator's word, for good. Raises StoreError."""
        self._store.accept(scanner, at)
        super().accept(scanner, at)
