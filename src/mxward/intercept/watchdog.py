"""When to give the proxy up, and when to believe in it again.

It is asked every second, and each answer has two seconds to come. It is given up once it has been
silent for SILENCE and some questions have failed (who was not asked is not silent), and believed
after some answers in a row. `now` is in seconds, of any clock that only goes forward.
"""

from __future__ import annotations

__all__ = ["ANSWERS", "FAILURES", "SILENCE", "Watchdog"]

SILENCE = 4.0
"""Seconds. At most one more passes until somebody looks and has loaded rules: 5 in all."""
FAILURES = 2
ANSWERS = 3


class Watchdog:
    """What is known of the proxy by now."""

    def __init__(self, now: float) -> None:
        self.answers = True
        self.why = ""
        self._last_answer = now
        self._in_a_row = 0
        self._failures = 0

    def heard(self, why_not: str, now: float) -> None:
        """The proxy has answered, or `why_not`."""
        if why_not:
            self.why = why_not
            self._failures += 1
            self._in_a_row = 0
        else:
            self._failures = 0
            self._last_answer = now
            self._in_a_row += 1

    def look(self, now: float) -> bool:
        """Whether the proxy is believed to answer."""
        if self.answers:
            silent = now - self._last_answer >= SILENCE
            self.answers = not (silent and self._failures >= FAILURES)
        elif self._in_a_row >= ANSWERS:
            self.answers, self.why = True, ""
        return self.answers
