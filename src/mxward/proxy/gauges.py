"""How one worker stands, written on the board: for a thread of its own, four times a second.

The event loop has no part in it. What is read here is a number, or the size of something, which
another thread may change at any time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path

from mxward.lookup.doors import Doors
from mxward.metrics import Row, catalogue
from mxward.proxy.admission import Full
from mxward.proxy.shared import Shared
from mxward.store.recollection import Recollection

__all__ = ["Gauges"]

_SELDOM = 10.0
"""Seconds between two looks at what takes longer: a hundred thousand doors, say."""
_LIMITS = {
    Full.ALL: catalogue.LIMITS.column("connections"),
    Full.BACK_DOOR: catalogue.LIMITS.column("reserved"),
    Full.NETWORK: catalogue.LIMITS.column("per_network"),
}
_MEMORY = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Gauges:
    """`clock` gives seconds since the epoch. What `row` counted before this process came stays."""

    def __init__(
        self, row: Row, memory: Recollection, clock: Callable[[], float] = time.time
    ) -> None:
        self._row = row
        self._memory = memory
        self._clock = clock
        self._looked = -inf
        self._counted: dict[str, float] = {}

    def read(self, shared: Shared, doors: Doors) -> None:
        """Write how it stands."""
        row, admission = self._row, shared.admission
        row.set(catalogue.OPEN.name, len(admission.sessions))
        row.set(catalogue.ROOM.name, admission.room.connections)
        row.set(catalogue.IDLE.name, len(shared.pool))
        row.set(catalogue.DOMAINS.name, len(shared.decider.rules.inventory))
        self._count(catalogue.CONNECTIONS.name, admission.admitted)
        for full, column in _LIMITS.items():
            self._count(column, admission.turned_away[full])
        row.set(catalogue.CPU.name, time.process_time())
        now = self._clock()
        if not 0 <= now - self._looked < _SELDOM:
            self._looked = now
            self._read_seldom(shared, doors, now)

    def inventory_applied(self) -> None:
        """A changed inventory is in force."""
        self._row.add(catalogue.RELOADS.column("inventory", "applied"))

    def _read_seldom(self, shared: Shared, doors: Doors, now: float) -> None:
        row = self._row
        in_use, stale, oldest = doors.in_use()
        row.set(catalogue.DOORS.column("fresh"), in_use - stale)
        row.set(catalogue.DOORS.column("stale"), stale)
        row.set(catalogue.DOORS.column("failed"), doors.failing())
        row.set(catalogue.OLDEST.name, max(0.0, now - oldest) if in_use else 0.0)
        row.set(catalogue.REMEMBERED.name, len(self._memory))
        served = shared.certificates.served if shared.certificates else ()
        row.set(catalogue.CERTIFICATE_ENDS.name, min((each.ends for each in served), default=0.0))
        with suppress(OSError):
            row.set(catalogue.RESIDENT.name, int(_MEMORY.read_text().split()[1]) * _PAGE)

    def _count(self, column: str, number: float) -> None:
        """Add what has come since the last time: a predecessor has counted there too."""
        self._row.add(column, number - self._counted.get(column, 0.0))
        self._counted[column] = number
