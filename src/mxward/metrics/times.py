"""How long something took, as a histogram counts it."""

from __future__ import annotations

from bisect import bisect_left

from mxward.metrics.board import Row
from mxward.metrics.metric import Metric

__all__ = ["Times"]


class Times:
    """One series of a histogram in one process."""

    __slots__ = ("_buckets", "_ends", "_row", "_sum")

    def __init__(self, row: Row, metric: Metric, *labels: str) -> None:
        *self._buckets, self._sum = metric.parts(*labels)
        self._ends = metric.ends
        self._row = row

    def took(self, seconds: float) -> None:
        """Count one. A clock that was set back makes it 0."""
        seconds = max(0.0, seconds)
        self._row.add(self._buckets[bisect_left(self._ends, seconds)])
        self._row.add(self._sum, seconds)
