"""A memory with the store behind it.

The event loop reads and writes dictionaries only; what is new goes into a bounded line that a
background thread drains into the store about twice a second. Where the line is full, what is new is
known in the process, and counted as dropped: the next look-up of the same question offers it again.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Question, Remembered
from mxward.store.database import Store
from mxward.store.recollection import Recollection

__all__ = ["StoredMemory"]

_REWRITTEN_EVERY = 3600.0


class StoredMemory(Recollection):
    """What the store remembers, and what is new, of which at most `line` answers wait.

    Making it loads everything and raises StoreError. `spelled` gives the object that a name is
    known by elsewhere: a million names need not be kept twice.
    """

    def __init__(
        self, store: Store, line: int = 100_000, *, spelled: Callable[[str], str] = str
    ) -> None:
        super().__init__()
        self._longest = line
        self.dropped = 0
        self._store = store
        self._line: deque[tuple[Question, Remembered]] = deque()
        self._histories: deque[tuple[str, EgressHistory]] = deque()
        self._unsaved: dict[Question, Remembered] = {}
        self._unsaved_histories: dict[str, EgressHistory] = {}
        with _uncollected():
            for question, known in store.answers():
                super().keep(Question(question.kind, spelled(question.name)), known)
        self._words = store.words()
        self._egress = store.egress()
        self._accepted = store.accepted()
        self._due = False

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this; what says nothing new is written once an hour only."""
        before = self.recall(question)
        super().keep(question, remembered)
        if before is not None and _alike(before, remembered):
            return
        if len(self._line) < self._longest:
            self._line.append((question, remembered))
        else:
            self.dropped += 1

    def keep_egress(self, scanner: str, history: EgressHistory) -> None:
        """Remember this of a scanner's SPF names."""
        super().keep_egress(scanner, history)
        self._histories.append((scanner, history))

    def drain(self) -> int:
        """Write what is new; says how many answers. For the background thread.

        Raises StoreError; what could not be written is offered again the next time.
        """
        while self._line:
            question, known = self._line.popleft()
            self._unsaved[question] = known
        while self._histories:
            scanner, history = self._histories.popleft()
            self._unsaved_histories[scanner] = history
        written = len(self._unsaved)
        if written or self._unsaved_histories:
            self._store.save(self._unsaved, self._unsaved_histories)
            self._unsaved.clear()
            self._unsaved_histories.clear()
        return written

    def reread(self) -> bool:
        """Take in the operator's word given in another process; says whether there was any.

        The histories that it is about come with it, as far as there is nothing newer here; that
        other workers write what they are answered is nothing new. For the background thread.
        Raises StoreError.
        """
        self._due = self._store.changed() or self._due  # what fails below is asked again
        if not self._due:
            return False
        words = self._store.words()
        if words == self._words:
            self._due = False
            return False
        newer = {scanner for scanner, _ in tuple(self._histories)} | self._unsaved_histories.keys()
        before = dict(self._egress), self._accepted
        for scanner, history in self._store.egress().items():
            if scanner not in newer:
                self._egress[scanner] = history
        self._accepted = self._store.accepted()
        self._words, self._due = words, False
        return (self._egress, self._accepted) != before


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make a million objects without looking for garbage among them again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _alike(before: Remembered, after: Remembered) -> bool:
    """Whether nothing but the time differs, and that was written within the hour."""
    return (
        before.state is after.state
        and before.values == after.values
        and before.canonical == after.canonical
        and before.former == after.former
        and before.observed_at // _REWRITTEN_EVERY == after.observed_at // _REWRITTEN_EVERY
    )
