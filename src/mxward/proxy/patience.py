"""One timer for one session: it rings when nothing has been brought forward for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["Patience"]


def _nobody() -> None:
    pass


class Patience:
    """Waits anew at each `wait`. The timer is set anew only where it would ring too late: else it
    goes on, and looks at the clock when it rings."""

    __slots__ = ("_deadline", "_loop", "_ring", "_rings", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._deadline = 0.0
        self._rings = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def wait(self, seconds: float) -> None:
        """Ring in so many seconds, unless this is called again before."""
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._deadline < self._rings:
            self._set()

    def stop(self) -> None:
        """Never ring again; the session is let go of, so that it needs no garbage collector."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._ring = _nobody

    def _set(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings = self._deadline
        self._timer = self._loop.call_at(self._rings, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._set()
        else:
            self._ring()
