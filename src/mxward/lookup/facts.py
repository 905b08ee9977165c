"""What was gathered for one front door, and how long it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mxward.frontdoor.remember import lapses_at
from mxward.lookup.memory import Memory
from mxward.model import Question, Remembered

__all__ = ["Fact", "Facts"]


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a question, and until when there is no use in asking again."""

    remembered: Remembered | None  # None: failed, and nothing is remembered
    until: float


class Facts:
    """What was just asked; and what the memory has, for hosts that stood in front lately."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._asked: dict[Question, Fact] = {}
        self._recalled: dict[Question, Remembered] = {}

    def __contains__(self, question: Question) -> bool:
        """Whether it was asked."""
        return question in self._asked

    def add(self, questions: Iterable[Question], facts: Iterable[Fact]) -> None:
        """Take in what came of these questions."""
        self._asked.update(zip(questions, facts, strict=True))

    def recall(self, question: Question) -> Remembered | None:
        """What is known of a question."""
        fact = self._asked.get(question)
        known = fact.remembered if fact else self._memory.recall(question)
        if known is not None:
            self._recalled[question] = known
        return known

    def until(self, now: float) -> float:
        """When something must be asked again, or something recalled is welcome no more."""
        return min(
            [
                *(fact.until for fact in self._asked.values()),
                *(lapses_at(known, now) for known in self._recalled.values()),
            ]
        )
