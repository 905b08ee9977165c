"""Messages whose recipients stand in later lines: Exim logs `for ...` only where it is told to.

An arrival waits for the deliveries of its id until `Completed`, or until too many wait: then the
oldest goes with what is known. Bounded in messages, and in recipients of each.
"""

from __future__ import annotations

from collections.abc import Iterator

from mxward.maillog.exim_arrival import text
from mxward.maillog.exim_lines import DELIVERY
from mxward.maillog.logged import Logged

__all__ = ["Waiting"]

MOST_RECIPIENTS = 10_000


class Waiting:
    """By host and id, the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._messages: dict[tuple[str | None, str], tuple[Logged, dict[str, None]]] = {}
        self._incomplete: set[tuple[str | None, str]] = set()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, logged: Logged) -> Iterator[Logged]:
        """Let it wait. Whoever had its id, and whoever there is no more room for, goes."""
        key = (logged.host, logged.message or "")
        yield from self.take(*key)
        self._messages[key] = (logged, dict.fromkeys(logged.recipients))
        if len(self._messages) > self._most:
            yield from self.take(*next(iter(self._messages)))

    def has(self, host: str | None, message: str) -> bool:
        return (host, message) in self._messages

    def delivered(self, host: str | None, message: str, line: bytes, begin: int) -> bool:
        """Learn a recipient from what stands after `=>`; False where there is none to be seen."""
        key = (host, message)
        found = DELIVERY.match(line, begin)
        address = None if found is None else found[2] or found[1]
        recipients = self._messages[key][1]
        if address is None or len(recipients) >= MOST_RECIPIENTS:
            self._incomplete.add(key)
            return found is not None
        recipients[text(address)] = None
        return True

    def take(self, host: str | None, message: str) -> Iterator[Logged]:
        """The message is complete, or has to go as it is."""
        key = (host, message)
        waited = self._messages.pop(key, None)
        if waited is not None:
            logged, recipients = waited
            incomplete = key in self._incomplete
            self._incomplete.discard(key)
            yield logged._replace(recipients=tuple(recipients), cut=logged.cut or incomplete)

    def end(self) -> Iterator[Logged]:
        """Nothing more will come."""
        for key in list(self._messages):
            yield from self.take(*key)
