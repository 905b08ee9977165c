"""Between those who ask and the DNS: one look-up at a time per question, and a memory.

What is remembered and fresh is not asked again. What is stale is; it is served all the same where
the look-up fails, where it takes long, and where it must wait for the look-ups of others (RFC 8767
5: it goes on meanwhile). After a failure the DNS is left alone for a while, so that decisions stay
quick while it is away. All of it belongs to one event loop; who waits may be cancelled without harm
to who else waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mxward.frontdoor.remember import is_fresh, remember
from mxward.lookup.facts import Fact
from mxward.lookup.flights import Flights
from mxward.lookup.memory import Memory
from mxward.lookup.resolver import Resolver
from mxward.model import Answer, Kind, Known, Question
from mxward.store.recollection import drop_oldest

__all__ = ["Cache"]

PAUSE = 30.0
"""Seconds without asking again after a failure, where something is remembered."""

PAUSE_UNKNOWN = 5.0
"""Seconds without asking again after a first failure, where nothing is remembered.

It doubles with each failure that follows, up to PAUSE_LONGEST: a dead zone costs ever less.
"""

PAUSE_LONGEST = 60.0
"""Seconds that no pause exceeds: what comes back is found soon."""

PATIENCE = 1.8
"""Seconds to wait for an answer while a stale one is at hand (RFC 8767 5)."""

_MOST_PAUSES = 100_000


class Cache:
    """Asks what is not fresh. `at_once` bounds the look-ups under way, `waiting` those in line.

    `clock` gives seconds since the epoch. A question beyond the bounds counts as failed.
    """

    def __init__(
        self,
        resolver: Resolver,
        memory: Memory,
        clock: Callable[[], float],
        *,
        at_once: int = 256,
        waiting: int = 5_000,
        patience: float = PATIENCE,
    ) -> None:
        self.memory = memory
        self._resolver = resolver
        self._clock = clock
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._waiting = waiting
        self._patience = patience
        self._flights: Flights[Question, None] = Flights()
        self._pauses: dict[Question, tuple[float, float]] = {}  # until when, and how long it is

    def known(self, question: Question) -> Fact | None:
        """What is known without asking; None where it must be asked."""
        now = self._clock()
        remembered = self.memory.recall(question)
        if remembered is not None and is_fresh(remembered, now):
            return Fact(remembered, remembered.expires_at)
        paused_until, _ = self._pauses.get(question, (0.0, 0.0))
        if now < paused_until <= now + PAUSE_LONGEST:
            return Fact(remembered, paused_until)
        return None

    def failing(self, kind: Kind) -> int:
        """How many questions of a kind have failed in the last minutes, with nothing remembered.

        For any thread.
        """
        recent = self._clock() - PAUSE_LONGEST
        failed = [q for q, (until, _) in tuple(self._pauses.items()) if recent < until]
        return sum(q.kind is kind and self.memory.recall(q) is None for q in failed)

    async def find(self, question: Question) -> Fact:
        """What is known, asked for where it is not fresh. Never raises."""
        known = self.known(question)
        if known is not None:
            return known
        if question in self._flights or len(self._flights) < self._waiting:
            flight = self._flights.join(question, lambda: self._fly(question))
            # Unlike wait_for, wait leaves the flight to the others when this waiter is cancelled.
            await asyncio.wait({flight}, timeout=self._wait_for(question))
        return self.known(question) or Fact(
            self.memory.recall(question), self._clock() + PAUSE_UNKNOWN
        )

    def _wait_for(self, question: Question) -> float | None:
        """Seconds to wait for its look-up. With a stale answer at hand nobody stands in line."""
        if self.memory.recall(question) is None:
            return None
        return self._patience if len(self._flights) <= self._at_once else 0.0

    async def _fly(self, question: Question) -> None:
        async with self._slots:
            answer = await self._resolver.ask(question)
        if answer.state in (Known.FOUND, Known.ABSENT):
            self._learn(question, answer)
        else:
            self._pause(question)

    def _learn(self, question: Question, answer: Answer) -> None:
        self._pauses.pop(question, None)
        known = remember(self.memory.recall(question), answer, self._clock())
        if known is not None:
            self.memory.keep(question, known)

    def _pause(self, question: Question) -> None:
        if len(self._pauses) >= _MOST_PAUSES:
            drop_oldest(self._pauses)
        _, before = self._pauses.pop(question, (0.0, 0.0))
        known = self.memory.recall(question) is not None
        seconds = PAUSE if known else min(max(2 * before, PAUSE_UNKNOWN), PAUSE_LONGEST)
        self._pauses[question] = (self._clock() + seconds, seconds)
