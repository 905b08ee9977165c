"""All domains looked up for an audit, round by round, in memory that does not grow with them.

A domain whose answers ask for more goes to the front of the line again, so that none waits for the
slowest of a batch. What was answered of hosts that many domains share is kept, and asked once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from mxward.audit.ledger import Ledger
from mxward.audit.services import within
from mxward.audit.survey import MOST_ROUNDS, Surveyed, survey
from mxward.lookup.bulk import Bulk
from mxward.model import Answer, Question

__all__ = ["Asking", "look_up", "rounds"]

_MOST_SHARED = 50_000
"""Answers that are kept of names that are not a domain's own: hosts of MX, SPF names."""

Progress = Callable[[int, int], None]
Facts = Mapping[Question, Answer]


class Asking(Protocol):
    """What is known of a domain, and what must be asked to know more."""

    @property
    def asks(self) -> tuple[Question, ...]: ...


_A = TypeVar("_A", bound=Asking)


async def look_up(
    bulk: Bulk, domains: Collection[str], ledger: Ledger, progress: Progress | None = None
) -> None:
    """Look up all domains, into the ledger. Where it is cancelled, the ledger has those done."""

    def look(domain: str, facts: Facts) -> Surveyed:
        return survey(domain, facts, ledger.premises)

    def done(found: Surveyed) -> None:
        ledger.add(replace(found, asks=(), failed=(*found.failed, *found.asks)))

    await rounds(bulk, domains, look, done, progress)


async def rounds(
    bulk: Bulk,
    domains: Collection[str],
    look: Callable[[str, Facts], _A],
    done: Callable[[_A], None],
    progress: Progress | None = None,
) -> None:
    """Ask of each domain what `look` asks, again and again; what it finds then is `done`.

    It may still ask for more: what leads on and on is not followed.
    """
    line = _Line(domains)
    looking = _Looking(look, done, line, progress)
    await bulk.each(line, looking.asks, looking.heard)


class _Line(Collection[str]):
    """The domains to be asked about: those that go on first, then new ones.

    Iterating ends when there is none at the moment, and may go on later.
    """

    def __init__(self, domains: Collection[str]) -> None:
        self.of = len(domains)
        self._new = iter(domains)
        self._again: deque[str] = deque()

    def again(self, domain: str) -> None:
        """Ask about a domain once more."""
        self._again.append(domain)

    def __iter__(self) -> Iterator[str]:
        return _Iterator(self._again, self._new)

    def __len__(self) -> int:
        return self.of

    def __contains__(self, domain: object) -> bool:
        return domain in self._again


class _Iterator(Iterator[str]):
    def __init__(self, again: deque[str], new: Iterator[str]) -> None:
        self._again = again
        self._new = new

    def __next__(self) -> str:
        return self._again.popleft() if self._again else next(self._new)


class _Looking(Generic[_A]):
    """What is known of the domains that are under way."""

    def __init__(
        self,
        look: Callable[[str, Facts], _A],
        done: Callable[[_A], None],
        line: _Line,
        progress: Progress | None,
    ) -> None:
        self._look = look
        self._tell = done
        self._line = line
        self._progress = progress
        self._number = 0  # of domains that are done
        self._facts: dict[str, dict[Question, Answer]] = {}
        self._wanted: dict[str, tuple[Question, ...]] = {}
        self._rounds: dict[str, int] = {}
        self._shared: dict[Question, Answer] = {}

    def asks(self, domain: str) -> Iterable[Question]:
        """What is to be asked of a domain now."""
        if domain not in self._wanted:
            self._facts[domain] = {}
            self._go_on(domain)
        return self._wanted.get(domain, ())

    def heard(self, domain: str, replies: Mapping[Question, Answer]) -> None:
        """What was answered. Where it was broken off, not all of it."""
        if domain not in self._facts:
            return
        self._facts[domain].update(replies)
        for question, reply in replies.items():
            if not within(question.name, domain) and len(self._shared) < _MOST_SHARED:
                self._shared[question] = reply
        if all(question in replies for question in self._wanted[domain]) and self._go_on(domain):
            self._line.again(domain)

    def _go_on(self, domain: str) -> bool:
        """Look at what is known; whether there is more to ask."""
        facts = self._facts[domain]
        while True:
            found = self._look(domain, facts)
            shared = {q: self._shared[q] for q in found.asks if q in self._shared}
            if not shared:
                break
            facts.update(shared)
        self._rounds[domain] = self._rounds.get(domain, 0) + 1
        if found.asks and self._rounds[domain] <= MOST_ROUNDS:
            self._wanted[domain] = found.asks
            return True
        self._done(domain, found)
        return False

    def _done(self, domain: str, found: _A) -> None:
        """A domain is known, as far as it will be."""
        self._tell(found)
        for kept in (self._facts, self._wanted, self._rounds):
            kept.pop(domain, None)
        self._number += 1
        if self._progress is not None:
            self._progress(self._number, self._line.of)
