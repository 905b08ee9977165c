"""What is remembered, in the process: bounded, compact, gone with the process.

A million domains share a few thousand MX sets, so equal values are one object. Where a kind of
question has come to its bound, the ones longest not looked up go first.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from mxward.frontdoor.egress import NEVER, EgressHistory
from mxward.model import Kind, Question, Remembered

__all__ = ["Recollection", "drop_oldest"]

_MOST_SHARED = 100_000


def drop_oldest(entries: dict[Any, Any]) -> None:
    """Drop the entries that came first, a share at once: one by one would be quadratic."""
    for key in list(islice(entries, 1 + len(entries) // 64)):
        del entries[key]


class Recollection:
    """A memory that nothing is written from. `most` bounds each kind of question."""

    def __init__(self, most: int = 2_000_000) -> None:
        self._most = most
        self._known: dict[Kind, dict[str, Remembered]] = {kind: {} for kind in Kind}
        self._egress: dict[str, EgressHistory] = {}
        self._accepted: dict[str, float] = {}
        self._shared: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __len__(self) -> int:
        return sum(len(known) for known in self._known.values())

    def recall(self, question: Question) -> Remembered | None:
        """What is remembered of a question."""
        return self._known[question.kind].get(question.name)

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this of a question from now on."""
        known = self._known[question.kind]
        known.pop(question.name, None)  # what is looked up anew goes last, as what is in use
        if len(known) >= self._most:
            drop_oldest(known)
        known[question.name] = self._sharing(remembered)

    def egress(self, scanner: str) -> EgressHistory | None:
        """What a scanner's SPF names have come to."""
        return self._egress.get(scanner)

    def keep_egress(self, scanner: str, history: EgressHistory) -> None:
        """Remember this of a scanner's SPF names from now on."""
        self._egress[scanner] = history

    def accepted_at(self, scanner: str) -> float:
        """When the operator accepted what was held of a scanner, in seconds; -inf is never."""
        return self._accepted.get(scanner, NEVER)

    def accept(self, scanner: str, at: float) -> None:
        """Take the operator's word for what was held of a scanner until then."""
        self._accepted[scanner] = at

    def _sharing(self, remembered: Remembered) -> Remembered:
        if len(self._shared) >= min(self._most, _MOST_SHARED):
            self._shared.clear()
        values = self._shared.setdefault(remembered.values, remembered.values)
        return remembered if values is remembered.values else replace(remembered, values=values)
