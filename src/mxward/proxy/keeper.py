"""A thread for what may block: writing the log and the store, rereading the inventory.

The event loop never waits for a disk or a database; what it has to say it leaves in bounded queues,
and such a thread comes by four times a second.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence

__all__ = ["Keeper"]

PAUSE = 0.25
"""Seconds between two rounds."""
LAST_ROUND = 5.0
"""Seconds that a chore has when the process ends."""


class Keeper(threading.Thread):
    """Goes round its chores until it is stopped. A chore that fails is reported and tried again."""

    def __init__(
        self, chores: Sequence[Callable[[], None]], report: Callable[[str, str], None]
    ) -> None:
        super().__init__(name="keeper", daemon=True)
        self._chores = chores
        self._report = report
        self._stop_asked = threading.Event()
        self._failing: set[str] = set()

    def run(self) -> None:
        while not self._stop_asked.wait(PAUSE):
            self.round()
        self.round()  # what came last is written too

    def stop(self) -> None:
        """One more round, then the end; waits for it, but not for long."""
        self._stop_asked.set()
        if self.is_alive():
            self.join(LAST_ROUND)

    def round(self) -> None:
        """Do each chore once."""
        for chore in self._chores:
            name = getattr(chore, "__qualname__", repr(chore))
            try:
                chore()
            except Exception:  # noqa: BLE001 - one chore must not keep the others from being done
                if name not in self._failing:
                    self._failing.add(name)
                    self._report(name, traceback.format_exc())
            else:
                self._failing.discard(name)
