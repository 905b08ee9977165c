"""What was gathered for one front door, and how long it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from math import inf

from mxward.frontdoor.hosts import questions
from mxward.frontdoor.merge import exchanges
from mxward.frontdoor.remember import lapses_at
from mxward.lookup.memory import Memory
from mxward.model import Kind, Question, Remembered

__all__ = ["Fact", "Facts"]


@dataclass(slots=True)
class Fact:
    """What is known of a question, and until when there is no use in asking again.

    It is never changed; frozen, it would cost twice as much, for each decision.
    """

    remembered: Remembered | None  # None: failed, and nothing is remembered
    until: float


class Facts:
    """What was just asked; and what the memory has, for hosts that stood in front lately.

    `mx` is what is known of the domain's own MX; None where that failed.
    """

    def __init__(self, memory: Memory, domain: str, mx: Remembered | None) -> None:
        self.domain = domain
        self.mx = mx
        self._memory = memory
        self._asked: dict[Question, Fact] = {}
        self._recalled: dict[Question, Remembered] = {}

    def asks(self) -> list[Question]:
        """What to look up next: the addresses of the MX hosts, then nothing."""
        hosts = exchanges(self.domain, self.mx) if self.mx else ()
        every = (question for _, host in hosts for question in questions(host))
        return [question for question in every if question not in self._asked]

    def add(self, questions: Iterable[Question], facts: Iterable[Fact]) -> None:
        """Take in what came of these questions."""
        self._asked.update(zip(questions, facts, strict=True))

    def recall(self, question: Question) -> Remembered | None:
        """What is known of a question."""
        if question == Question(Kind.MX, self.domain):
            return self.mx
        fact = self._asked.get(question)
        known = fact.remembered if fact else self._memory.recall(question)
        if known is not None:
            self._recalled[question] = known
        return known

    def until(self, now: float) -> float:
        """When something must be asked again, or something recalled is welcome no more.

        That is of the hosts: what the MX says is looked at for each domain and decision.
        """
        ends = (fact.until for fact in self._asked.values())
        lapses = (lapses_at(known, now) for known in self._recalled.values())
        return min(chain(ends, lapses), default=inf)
