"""How many sessions there are in all workers together: in all, by the back door, of one network.

The numbers are in anonymous memory that is made before the workers are. For each thing counted
there is a cell for each worker, which only that worker writes, so that no lock is needed; anybody
sums. A network has no cells of its own but shares some with others by a hash that nobody outside
can know (it is keyed anew at each start): what is summed for it is never less than there are. Two
workers that admit a client at the same instant may both find the last place free.
"""

from __future__ import annotations

import mmap

__all__ = ["ALL", "BACK_DOOR", "Census", "Seat"]

ALL, BACK_DOOR = 0, 1
"""The cells of all sessions, and of those that came by the back door."""
_NETWORKS = 1 << 16
"""Cells for networks: with 4,000 sessions of as many networks, one of 16 shares its cell."""
_OCTETS = 4


class Census:
    """For so many workers. `seat` is a worker's own way to count."""

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers
        cells = (_NETWORKS + 2) * workers
        self._cells = memoryview(mmap.mmap(-1, cells * _OCTETS)).cast("I")

    def seat(self, worker: int) -> Seat:
        """For that worker alone."""
        return Seat(self._cells, self.workers, worker)

    def sessions(self, worker: int) -> int:
        """How many sessions one worker has."""
        return self._cells[ALL * self.workers + worker]

    def clear(self, worker: int) -> None:
        """The worker is gone, and its sessions with it."""
        if not any(self._cells[what * self.workers + worker] for what in (ALL, BACK_DOOR)):
            return
        for cell in range(worker, len(self._cells), self.workers):
            if self._cells[cell]:  # most were never touched, and take no memory
                self._cells[cell] = 0


class Seat:
    """Counts one worker's sessions, and tells how many all workers have."""

    __slots__ = ("_cells", "_worker", "_workers")

    def __init__(self, cells: memoryview[int], workers: int, worker: int) -> None:
        self._cells = cells
        self._workers = workers
        self._worker = worker

    def of_network(self, version: int, bits: int) -> int:
        """Where the sessions of a client network are counted."""
        return 2 + hash(b"%d %d" % (version, bits)) % _NETWORKS

    def add(self, what: int, number: int) -> None:
        """Count so many more, or fewer where it is negative."""
        self._cells[what * self._workers + self._worker] += number

    def total(self, what: int) -> int:
        """What all workers have counted there."""
        at = what * self._workers
        return sum(self._cells[at : at + self._workers])
