"""A DNS made of plain data: zones as mappings, and the names that fail.

For tests, and for trying things out. `asked` counts the questions; `hold` is awaited before each
answer, so that a test can keep answers back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from mxward.model import Answer, Kind, Known, Question

__all__ = ["FakeResolver"]

Records = Mapping[str, list[str]]


@dataclass(slots=True)
class FakeResolver:
    """Answers out of mappings from a name to its values; everything else is absent.

    `failing` names fail for every kind, `"MX example.com"` for one; where all are `down`, all do.
    The mappings may be changed between questions.
    """

    mx: Records = field(default_factory=dict)
    a: Records = field(default_factory=dict)
    aaaa: Records = field(default_factory=dict)
    txt: Records = field(default_factory=dict)
    ptr: Records = field(default_factory=dict)
    tlsa: Records = field(default_factory=dict)
    cname: Mapping[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    down: bool = False
    ttl: float = 300.0  # seconds, of every answer
    hold: Callable[[Question], Awaitable[object]] | None = None
    asked: Counter[Question] = field(default_factory=Counter)

    async def ask(self, question: Question) -> Answer:
        """Answer as the mappings say at this moment."""
        self.asked[question] += 1
        if self.hold is not None:
            await self.hold(question)
        if self.down or self.failing & {question.name, f"{question.kind} {question.name}"}:
            return Answer(Known.FAILED)
        canonical = self.cname.get(question.name, "")
        values = self._zone(question.kind).get(canonical or question.name)
        state = Known.FOUND if values else Known.ABSENT
        return Answer(state, tuple(values or ()), self.ttl, canonical)

    def _zone(self, kind: Kind) -> Records:
        zone: Records = getattr(self, kind.value.lower())
        return zone
