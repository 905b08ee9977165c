"""Numbers that all processes see: one row for each process, one column for each thing counted.

The board is made before the processes are, in anonymous memory that they inherit. Only its owner
writes a row, so no lock is needed: a cell is eight octets that are written at once, and who sums
while others count is at most an instant behind. Nothing survives the processes.
"""

from __future__ import annotations

import mmap
from collections.abc import Collection, Iterable, Mapping

__all__ = ["Board", "Row"]

_CELL = 8
"""Octets of a float64: whole numbers are exact up to 2^53."""

_LINE = 64
"""Octets of a cache line: rows that share one would slow each other down."""


class Board:
    """`rows` processes' numbers, all 0 at first. What is in `lasting` outlives a row's owner.

    Cheap to inherit by fork, not made to be pickled. Raises KeyError for a column that is none,
    IndexError for a row that is none.
    """

    def __init__(self, rows: int, columns: Iterable[str], lasting: Collection[str] = ()) -> None:
        self._at = {column: at for at, column in enumerate(columns)}
        self._passing = [at for column, at in self._at.items() if column not in lasting]
        stride = -(-max(1, len(self._at)) * _CELL // _LINE) * _LINE
        shared = memoryview(mmap.mmap(-1, max(1, rows) * stride))
        self._rows = [
            shared[start : start + len(self._at) * _CELL].cast("d")
            for start in range(0, rows * stride, stride)
        ]

    @property
    def rows(self) -> range:
        """The numbers of the rows."""
        return range(len(self._rows))

    @property
    def columns(self) -> Collection[str]:
        """The names of the columns."""
        return self._at.keys()

    def row(self, number: int) -> Row:
        """The row to write into. For its owner alone."""
        return Row(self._rows[number], self._at)

    def value(self, number: int, column: str) -> float:
        """What one process wrote."""
        return self._rows[number][self._at[column]]

    def total(self, column: str) -> float:
        """What all wrote, summed."""
        at = self._at[column]
        return sum(row[at] for row in self._rows)

    def clear(self, number: int) -> None:
        """A new owner takes the row, and nobody writes it: all but what lasts is 0 again.

        Counters should last: a sum that shrinks looks as if everything had begun anew.
        """
        row = self._rows[number]
        for at in self._passing:
            row[at] = 0.0


class Row:
    """One process's numbers, for it to write."""

    __slots__ = ("_at", "_cells")

    def __init__(self, cells: memoryview[float], at: Mapping[str, int]) -> None:
        self._cells = cells
        self._at = at

    def add(self, column: str, x: float = 1.0) -> None:
        """Count. Two threads of one process may not add to the same column."""
        self._cells[self._at[column]] += x

    def set(self, column: str, x: float) -> None:
        """Write how it stands."""
        self._cells[self._at[column]] = x

    def get(self, column: str) -> float:
        """What was written last."""
        return self._cells[self._at[column]]
