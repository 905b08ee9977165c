"""Why the next server cannot be reached, or not as the operator wants it: told, but not each time.

A mail server that is down, shows another certificate than it must, or believes no XCLIENT, is told
loudly; a scanner's host only told, for there are others. The same again within a minute is counted,
where what stands before the first colon makes it the same.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["TOLD_EVERY", "Troubles"]

TOLD_EVERY = 60.0
"""Seconds between two lines about the same trouble with the same server."""
_MOST = 1000


class Troubles:
    """Remembers what was told, and when by `clock` (seconds)."""

    def __init__(self, tell: Callable[[Log], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._told: dict[tuple[str, str], float] = {}
        self._times: dict[tuple[str, str], int] = {}

    def met(self, endpoint: Endpoint, why: str, *, quietly: bool = False) -> None:
        """A connection to this server has failed, for a reason that a person can do about."""
        what, now = (str(endpoint), why.partition(": ")[0]), self._clock()
        times = self._times[what] = self._times.get(what, 0) + 1
        if now < self._told.get(what, -inf) + TOLD_EVERY:
            return
        if len(self._told) >= _MOST:
            self._told.clear()
            self._times.clear()
        self._told[what] = now
        self._times.pop(what, None)
        fields = {"upstream": endpoint, "why": why, "times": times}
        self._tell(Log("upstream-failed", fields, loud=not (endpoint.scanner or quietly)))
