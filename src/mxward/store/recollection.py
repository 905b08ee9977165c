"""What is remembered, in the process: bounded, compact, gone with the process.

A million domains share a few thousand MX sets: what was answered is one object for all that were
answered alike, and beside it there is for each name only when that was, as octets. So a name costs
little, and the garbage collector has nothing to look at for it: among a million objects it would
stop the process for half a second, again and again.

Where a kind of question has come to its bound, the ones longest not looked up go first.
"""

from __future__ import annotations

from itertools import islice
from struct import Struct
from typing import Any, NamedTuple, cast

from mxward.frontdoor.egress import NEVER, EgressHistory
from mxward.model import Kind, Known, Question, Remembered

__all__ = ["Recollection", "drop_oldest"]

_MOST_SHARED = 100_000
_TIMES = Struct("dd")  # when it was answered, when it expires


def drop_oldest(entries: dict[Any, Any]) -> list[Any]:
    """Drop the entries that came first, a share at once: one by one would be quadratic.

    Their keys are returned.
    """
    oldest = list(islice(entries, 1 + len(entries) // 64))
    for key in oldest:
        del entries[key]
    return oldest


class Recollection:
    """A memory that nothing is written from. `most` bounds each kind of question."""

    def __init__(self, most: int = 2_000_000) -> None:
        self._most = most
        self._known = {kind: _Answers() for kind in Kind}
        self._egress: dict[str, EgressHistory] = {}
        self._accepted: dict[str, float] = {}
        self._shared: dict[Any, Any] = {}

    def __len__(self) -> int:
        return sum(len(known.said) for known in self._known.values())

    def recall(self, question: Question) -> Remembered | None:
        """What is remembered of a question."""
        known = self._known[question.kind]
        said = known.said.get(question.name)
        if said is None:
            return None
        observed_at, expires_at = _TIMES.unpack(known.times[question.name])
        return Remembered(
            said.state, said.values, said.canonical, observed_at, expires_at, said.former
        )

    def keep(self, question: Question, remembered: Remembered) -> None:
        """Remember this of a question from now on."""
        known, name = self._known[question.kind], question.name
        known.said.pop(name, None)  # what is looked up anew goes last, as what is in use
        if len(known.said) >= self._most:
            for dropped in drop_oldest(known.said):
                known.times.pop(dropped, None)
        known.said[name] = self._sharing(remembered)
        known.times[name] = _TIMES.pack(remembered.observed_at, remembered.expires_at)

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

    def _sharing(self, known: Remembered) -> _Said:
        if len(self._shared) >= min(self._most, _MOST_SHARED):
            self._shared.clear()
        values = self._shared.setdefault(known.values, known.values)
        said = _Said(known.state, values, known.canonical, known.former)
        return cast(_Said, self._shared.setdefault(said, said))


class _Said(NamedTuple):
    """What was answered, without when."""

    state: Known
    values: tuple[str, ...]
    canonical: str
    former: tuple[tuple[str, float], ...]


class _Answers:
    """The answers to one kind of question, by name: what they said, and when."""

    __slots__ = ("said", "times")

    def __init__(self) -> None:
        self.said: dict[str, _Said] = {}
        self.times: dict[str, bytes] = {}
