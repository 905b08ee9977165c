"""How many questions may be under way, by how many of them get lost.

A resolver that is asked too much at once drops questions, or their answers. So the number grows
while few are lost and is halved when many are: it grows fast at the start, slowly after that. A few
are lost always: names whose servers are dead, which fewer questions would not bring back.
"""

from __future__ import annotations

__all__ = ["Window"]

_FIRST = 100
_LEAST = 16
_PERIOD = 0.5  # seconds over which the lost are counted
_FEWEST = 20  # questions: fewer than these say nothing
_BEARABLE = 0.05  # the share of those that may be lost
_STEP = 1 / 32  # of `most`: how much it grows in a period, once too many were lost


class Window:
    """The number is `size`, and `most` at most. Times are in seconds, by any clock."""

    def __init__(self, most: int, now: float) -> None:
        self.size = min(_FIRST, most)
        self._most = most
        self._step = most
        self._ends = now + _PERIOD
        self._answered = self._lost = 0

    def answered(self, now: float) -> None:
        """A question was answered."""
        self._answered += 1
        if now >= self._ends:
            self._judge(now)

    def lost(self, now: float) -> None:
        """A question was lost, or its answer, though its domain answers others."""
        self._lost += 1
        if now >= self._ends:
            self._judge(now)

    def _judge(self, now: float) -> None:
        total = self._answered + self._lost
        if total < _FEWEST:
            return
        if self._lost > total * _BEARABLE:
            self.size = max(self.size // 2, min(_LEAST, self._most))
            self._step = max(1, int(self._most * _STEP))
        else:
            self.size = min(self.size + self._step, self._most)
        self._answered = self._lost = 0
        self._ends = now + _PERIOD
