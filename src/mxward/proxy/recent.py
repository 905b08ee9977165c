"""What the store is to keep of what is decided: mail that came by the back door, or was not let in.

The event loop only puts a decision into a bounded line; a thread beside it puts it into words and
writes them in batches. Where the line is full, decisions are dropped and counted: a slow store
never holds up mail. What could not be written is offered again, and the line may fill meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from mxward import domains
from mxward.model import Action, Arrival, Decision, Door
from mxward.store.decided import Decided, Found, Seen

__all__ = ["Recent"]

_ROOM = 20_000
_BATCH = 5_000
_FOUND = 1_000
_WORTH_KEEPING = frozenset((Door.BACK, Door.UNKNOWN))


class Recent:
    """One for a process. `clock` gives seconds since the epoch."""

    def __init__(self, room: int = _ROOM, clock: Callable[[], float] = time.time) -> None:
        self.dropped = 0
        self._room = room
        self._clock = clock
        self._line: deque[tuple[float, Arrival, Decision]] = deque()
        self._found: deque[Found] = deque(maxlen=_FOUND)
        self._unwritten: list[Seen] = []
        self._unwritten_found: list[Found] = []

    def consider(self, arrival: Arrival, decision: Decision) -> None:
        """Keep it where it is worth that. Never blocks."""
        if decision.door not in _WORTH_KEEPING and decision.action is Action.PASS:
            return
        if len(self._line) >= self._room:
            self.dropped += 1
            return
        self._line.append((self._clock(), arrival, decision))

    def found(self, kind: str, subject: str, text: str) -> None:
        """Keep a finding; those that nobody has written yet make room for newer ones."""
        now = self._clock()
        self._found.append(Found(kind, subject, text, now, now))

    def write(self, store: Decided) -> int:
        """Write what is new, a batch of it; says how many decisions. For the background thread.

        Raises StoreError; what could not be written is offered again the next time.
        """
        if not self._unwritten:
            batch = [self._line.popleft() for _ in range(min(len(self._line), _BATCH))]
            self._unwritten = [_seen(*each) for each in batch]
        if not self._unwritten_found:
            self._unwritten_found = [self._found.popleft() for _ in range(len(self._found))]
        if self._unwritten or self._unwritten_found:
            store.write(self._unwritten, self._unwritten_found)
        written = len(self._unwritten)
        self._unwritten, self._unwritten_found = [], []
        return written


def _seen(at: float, arrival: Arrival, decision: Decision) -> Seen:
    """In words; of what strangers chose, only what is a domain."""
    return Seen(
        at=at,
        client=str(arrival.client),
        interface=str(arrival.server),
        domain=decision.evidence.domain,
        sender_domain=domains.of_recipient(arrival.sender),
        action=decision.action,
        would=decision.would,
        stage=decision.stage,
        door=decision.door,
        reason=decision.reason,
    )
