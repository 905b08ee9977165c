"""Messages whose recipients stand in later lines: Exim logs `for ...` only where it is told to.

An arrival waits for the deliveries of its id until `Completed`, or until too many wait: then the
oldest goes with what is known. Bounded in messages, and in recipients of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mxward.maillog.exim_lines import DELIVERY, ORIGINAL, PLACE, PLAIN_DELIVERY
from mxward.maillog.logged import Logged
from mxward.maillog.octets import text

__all__ = ["Key", "Waiting"]

MOST_RECIPIENTS = 10_000

Key = tuple[str | None, str]
"""A host, and the id of one of its messages."""


class Waiting:
    """By host and id, the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.messages: dict[Key, tuple[Logged, dict[str, None]]] = {}
        self._incomplete: set[Key] = set()

    def held(self) -> Any:
        """See `kept`."""
        return [(*waited, key in self._incomplete) for key, waited in self.messages.items()]

    def resume(self, held: Any) -> None:
        for logged, recipients, incomplete in held:
            key = (logged.host, logged.message or "")
            self.messages[key] = (logged, dict(recipients))
            if incomplete:
                self._incomplete.add(key)

    def put(self, logged: Logged) -> tuple[Logged, ...]:
        """Let it wait. Whoever had its id, and whoever there is no more room for, goes."""
        key = (logged.host, logged.message or "")
        gone = self.take(key)
        self.messages[key] = (logged, {})
        if len(self.messages) > self._most:
            gone += self.take(next(iter(self.messages)))
        return gone

    def delivered(self, key: Key, line: bytes, begin: int) -> bool:
        """Learn a recipient from what stands after `=>`; False where there is none to be seen."""
        waiting = self.messages.get(key)
        if waiting is None:
            return True
        known, address = _recipient(line, begin)
        if address is None or len(waiting[1]) >= MOST_RECIPIENTS:
            self._incomplete.add(key)
            return known
        waiting[1][text(address)] = None
        return True

    def take(self, key: Key) -> tuple[Logged, ...]:
        """The message is complete, or has to go as it is."""
        waited = self.messages.pop(key, None)
        if waited is None:
            return ()
        logged, recipients = waited
        incomplete = key in self._incomplete
        self._incomplete.discard(key)
        # `_replace` takes four times as long
        told = (*logged[:_RECIPIENTS], tuple(recipients), *logged[_RECIPIENTS + 1 : -1], incomplete)
        return (tuple.__new__(Logged, told),)

    def end(self) -> Iterator[Logged]:
        """Nothing more will come."""
        for key in list(self.messages):
            yield from self.take(key)


_RECIPIENTS = Logged._fields.index("recipients")
_MOST_BRACKETS = 20
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def _recipient(line: bytes, begin: int) -> tuple[bool, bytes | None]:
    """Whether it is a delivery at all, and whom it was for, where that can be seen."""
    if line.find(b' <"', begin) >= 0:
        address = _of_many(line, begin)
        return address is not None, address
    found = PLAIN_DELIVERY.match(line, begin)
    if found is not None:
        return True, found[1]
    found = DELIVERY.match(line, begin)
    return (False, None) if found is None else (True, found[2] or found[1])


def _of_many(line: bytes, begin: int) -> bytes | None:
    """Where the recipient had to be quoted, its local part stands before it without the marks.

    That may be anything, `x <boss@example.com> R=y` too: what can be read in two ways is not read.
    """
    if line.count(b" <", begin) > _MOST_BRACKETS:
        return None
    found = []
    start = line.find(b" <", begin)
    while start >= 0:
        original = ORIGINAL.match(line, start)
        place = line[begin + 1 : start]
        if original is not None and (
            PLACE.fullmatch(place) or place.lower() == _local_part(original[1]).lower()
        ):
            found.append(original[1])
        start = line.find(b" <", start + 1)
    return found[0] if len(found) == 1 else None


def _local_part(address: bytes) -> bytes:
    """Without its quotation marks."""
    local = address[: address.rindex(b"@")]
    return _ESCAPED.sub(rb"\1", local[1:-1]) if local.startswith(b'"') else local
