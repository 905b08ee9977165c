"""What questions to the DNS were answered over time, as far as a store remembers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import floor, inf
from typing import TypeVar

from mxward.frontdoor.remember import COOLING_OFF, LONGEST, remember
from mxward.model import Answer, Kind, Question, Remembered
from mxward.store.database import Store
from mxward.store.past import Span

__all__ = ["Histories", "History", "holding", "over"]

_ASKED_WITHIN = 2 * LONGEST
_MOST_CHANGES = 64

_T = TypeVar("_T")
Look = Callable[[float, _T | None], tuple[_T, float]]
"""Is given a time and what was seen before; says what is seen then, and until when that holds."""


class History:
    """What one question was answered: by the rule for live answers, as if they came in now.

    Times are whole seconds, since most logs tell no others: what was answered in the course of a
    second counts for all of it, and so for the message that it was asked for.

    It was asked until `asked_until`: a running proxy asks anew whatever is an hour old, and writes
    down once an hour that it has.
    """

    __slots__ = ("asked_until", "known", "present", "since")

    def __init__(self, spans: Sequence[Span] = ()) -> None:
        self.since: list[float] = [floor(span.since) for span in spans]
        self.known: list[Remembered] = []
        self.asked_until = -inf
        self.present: Remembered | None = None
        for since, (_, until, said) in zip(self.since, spans, strict=True):
            told = said
            if self.known:
                answer = Answer(said.state, said.values, LONGEST, said.canonical)
                told = remember(self.known[-1], answer, since) or said
            self.known.append(
                Remembered(told.state, told.values, told.canonical, since, inf, told.former)
            )
            self.asked_until = until
            if until == inf:
                self.present = said
                self.asked_until = said.observed_at + _ASKED_WITHIN

    def at(self, at: float) -> Remembered | None:
        """What was answered then; before all answers, the first of them."""
        return self.known[max(bisect_right(self.since, at) - 1, 0)] if self.known else None

    def changes(self) -> Iterator[float]:
        """When something else was answered, and when what vanished then was welcome no more."""
        yield from self.since[1:]
        for known in self.known:
            for _, gone_at in known.former:
                yield gone_at + COOLING_OFF


class Histories:
    """The histories of all questions, read as they are needed, or many at once.

    What was over before `after` (seconds since the epoch) is left out. Raises StoreError.
    """

    def __init__(self, store: Store, after: float) -> None:
        self._store = store
        self._after = after
        self._known: dict[Kind, dict[str, History]] = {kind: {} for kind in Kind}

    def load(self, kind: Kind, names: Iterable[str]) -> None:
        """Read those of many names at once."""
        known = self._known[kind]
        wanted = [name for name in names if name not in known]
        spans = self._store.pasts(kind, wanted, self._after)
        for name in wanted:
            known[name] = History(spans.get(name, ()))

    def of(self, kind: Kind, name: str) -> History:
        """That of one question."""
        found = self._known[kind].get(name)
        if found is None:
            self.load(kind, [name])
            found = self._known[kind][name]
        return found

    def at(self, question: Question, at: float) -> Remembered | None:
        """What a question was answered at some time."""
        return self.of(question.kind, question.name).at(at)

    def present(self) -> Iterator[tuple[Question, Remembered]]:
        """What of all that was read is remembered now."""
        for kind, histories in self._known.items():
            for name, history in histories.items():
                if history.present is not None:
                    yield Question(kind, name), history.present

    def next_change(self, questions: Iterable[Question], at: float) -> float:
        """When any of them may say something else; infinity where none does."""
        changes = (
            change
            for question in questions
            for change in self.of(question.kind, question.name).changes()
        )
        return min((change for change in changes if change > at), default=inf)


def over(begins: float, last: float, look: Look[_T]) -> list[tuple[float, _T]]:
    """All that is seen from one time to another, by looking again whenever it may have changed.

    Where that would be more than 64 times, it is looked at 64 times, at even distances.
    """
    found: list[tuple[float, _T]] = []
    before: _T | None = None
    at = begins
    while at <= last:
        if len(found) == _MOST_CHANGES:
            return _now_and_then(begins, last, look)
        before, until = look(at, before)
        found.append((at, before))
        at = until
    return found


def _now_and_then(begins: float, last: float, look: Look[_T]) -> list[tuple[float, _T]]:
    found: list[tuple[float, _T]] = []
    before: _T | None = None
    for number in range(_MOST_CHANGES):
        at = begins + (last - begins) * number / _MOST_CHANGES
        before, _ = look(at, before)
        found.append((at, before))
    return found


def holding(seen: Sequence[tuple[float, _T]], at: float) -> tuple[_T, float]:
    """What of all that was seen holds at a time, and until when."""
    begins = [since for since, _ in seen]
    number = max(bisect_right(begins, at) - 1, 0)
    return seen[number][1], (*begins, inf)[number + 1]
