"""What the look-ups need of a memory; `store.recollection` and `store.memory` have one each."""

from __future__ import annotations

from typing import Protocol

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Question, Remembered

__all__ = ["Memory"]


class Memory(Protocol):
    """Remembers; never waits for a disk or a network, and never raises."""

    def recall(self, question: Question) -> Remembered | None:
        """What is remembered of a question."""
        ...

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this of a question from now on."""
        ...

    def egress(self, scanner: str) -> EgressHistory | None:
        """What a scanner's SPF names have come to."""
        ...

    def keep_egress(self, scanner: str, history: EgressHistory) -> None:
        """Remember this of a scanner's SPF names from now on."""
        ...

    def accepted_at(self, scanner: str) -> float:
        """When the operator accepted what was held of a scanner, in seconds; -inf is never."""
        ...
