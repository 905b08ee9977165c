"""The transcript of a probe's session: evidence for each domain that it asked about.

Bounded, whatever a server says: lines are cut, and so is their number. What is not printable ASCII
is a `?`.
"""

from __future__ import annotations

import re

from mxward.smtp.replies import Reply

__all__ = ["MOST_LINES", "Tape", "printable"]

MOST_LINES = 100
"""Of one domain's transcript."""
_LONGEST = 200
_MOST_OF_A_REPLY = 20
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


class Tape:
    """What was said (>), heard (<) and happened (!), with the seconds since the session began."""

    __slots__ = ("_counts", "_lines")

    def __init__(self) -> None:
        self._lines: list[tuple[str, str]] = []  # the domain it is about, "" for all
        self._counts: dict[str, int] = {}

    def said(self, at: float, line: str, domain: str = "") -> None:
        self._put(at, ">", line, domain)

    def heard(self, at: float, answer: Reply, domain: str = "") -> None:
        last = len(answer.lines) - 1
        for number, text in enumerate(answer.lines[:_MOST_OF_A_REPLY]):
            dash = "-" if number < last else " "
            self._put(at, "<", f"{answer.code}{dash}{text[:_LONGEST].decode('latin-1')}", domain)
        if last >= _MOST_OF_A_REPLY:
            self._put(at, "<", f"... {last + 1 - _MOST_OF_A_REPLY} more lines", domain)

    def happened(self, at: float, what: str, domain: str = "") -> None:
        self._put(at, "!", what, domain)

    def of(self, domain: str) -> tuple[str, ...]:
        """The session as one domain saw it, in order."""
        return tuple(line for whose, line in self._lines if not whose or whose == domain)

    def _put(self, at: float, sign: str, text: str, domain: str) -> None:
        count = self._counts.get(domain, 0)
        if count < MOST_LINES // 2:  # those for all, and its own
            self._counts[domain] = count + 1
            self._lines.append((domain, f"{at:8.3f} {sign} {printable(text)}"))


def printable(text: str) -> str:
    """One line that can be shown anywhere."""
    text = text[:_LONGEST]
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub("?", text)
