"""The operator's word in the store, as one who serves hears it while it changes."""

from __future__ import annotations

from mxward.model import Stored
from mxward.store.database import Store

__all__ = ["Hearing"]


class Hearing:
    """For one thread, with a store of its own: who writes to another is waited for by nobody here.

    `word` is what was heard last; it is another object only where something was said.
    """

    def __init__(self, store: Store) -> None:
        """Hear what there is. Raises StoreError."""
        self._store = store
        self._heard = store.words()  # before the word: what is said in between is heard again
        self.word: Stored = store.word()
        self._due = False

    def listen(self) -> bool:
        """Hear what is new; says whether anything was. Raises StoreError, and knows what it knew.

        That others write what they see costs one small question; that nobody writes hardly any.
        """
        self._due = self._store.changed() or self._due  # a question that fails is asked again
        if not self._due:
            return False
        number = self._store.words()
        new = number != self._heard
        if new:
            self.word = self._store.word()
        self._heard, self._due = number, False
        return new

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()
