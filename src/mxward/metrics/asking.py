"""Counts the questions to the DNS, between those who ask and the resolver."""

from __future__ import annotations

from collections.abc import Callable

from mxward.lookup.resolver import Resolver
from mxward.metrics import catalogue
from mxward.metrics.board import Row
from mxward.metrics.times import Times
from mxward.model import Answer, Known, Question

__all__ = ["CountedResolver"]

_QUESTIONS = {
    (kind, state): catalogue.QUESTIONS.column(kind, state)
    for kind in catalogue.ASKED
    for state in (Known.FOUND, Known.ABSENT, Known.FAILED)
}


class CountedResolver:
    """Answers what another resolver does. `clock` gives seconds that never go back."""

    def __init__(self, resolver: Resolver, row: Row, clock: Callable[[], float]) -> None:
        self._resolver = resolver
        self._row = row
        self._times = Times(row, catalogue.DNS_SECONDS)
        self._clock = clock

    async def ask(self, question: Question) -> Answer:
        """Ask the DNS. Never raises: whatever is not an answer is FAILED."""
        began = self._clock()
        answer = await self._resolver.ask(question)
        self._row.add(_QUESTIONS[question.kind, answer.state])
        self._times.took(self._clock() - began)
        return answer
