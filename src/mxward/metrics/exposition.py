"""The board in Prometheus' own words, whichever process is asked.

Supported: the text format, by the library of the Prometheus project. Not supported: OpenMetrics,
exemplars, pushing.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from mxward import __version__
from mxward.metrics import catalogue
from mxward.metrics.board import Board
from mxward.metrics.glance import seated
from mxward.metrics.health import health
from mxward.metrics.metric import PREFIX, Across, Shape
from mxward.metrics.metric import Metric as Ours

__all__ = ["CONTENT_TYPE", "DERIVED", "exposition"]

CONTENT_TYPE = CONTENT_TYPE_LATEST

DERIVED = {
    "build_info": "The version, with the label `version`, and of Python, `python`.",
    "healthy": "1 where /health would say so, else 0.",
    "workers_beating": "Workers whose event loop goes round.",
}
"""What is no column of the board, by name."""


def exposition(board: Board, clock: Callable[[], float]) -> bytes:
    """Everything, as /metrics shows it. `clock` is the system's monotonic one."""
    registry = CollectorRegistry()
    registry.register(_Told(board, clock))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, board: Board, clock: Callable[[], float]) -> None:
        self._board = board
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        for metric in catalogue.ALL:
            if metric.shape is Shape.HISTOGRAM:
                yield self._histogram(metric)
            elif metric.across is Across.EACH:
                yield self._each(metric)
            else:
                yield self._plain(metric)
        yield from self._derived()

    def _plain(self, metric: Ours) -> Metric:
        family = _family(metric, [name for name, _ in metric.labels])
        for values in metric.series:
            family.add_metric(values, self._number(metric, metric.column(*values)))
        return family

    def _number(self, metric: Ours, column: str) -> float:
        board = self._board
        if metric.across is Across.SUM:
            return board.total(column)
        numbers = [board.value(row, column) for row in board.rows]
        if metric.across is Across.MOST:
            return max(numbers)
        return min((number for number in numbers if number), default=0.0)

    def _each(self, metric: Ours) -> Metric:
        family = _family(metric, ["worker"])
        for seat, row in sorted(seated(self._board).items()):
            family.add_metric([str(seat)], self._board.value(row, metric.name))
        return family

    def _histogram(self, metric: Ours) -> Metric:
        labels = [name for name, _ in metric.labels]
        family = HistogramMetricFamily(metric.full_name, metric.help, labels=labels)
        ends = [*(f"{end:g}" for end in metric.ends), "+Inf"]
        for values in metric.series:
            *buckets, summed = map(self._board.total, metric.parts(*values))
            family.add_metric(values, list(zip(ends, accumulate(buckets), strict=True)), summed)
        return family

    def _derived(self) -> Iterator[Metric]:
        found = health(self._board, self._clock())
        build = {"version": __version__, "python": platform.python_version()}
        yield InfoMetricFamily(f"{PREFIX}build", DERIVED["build_info"], build)
        for name, value in (("healthy", found.well), ("workers_beating", found.beating)):
            yield GaugeMetricFamily(f"{PREFIX}{name}", DERIVED[name], float(value))


def _family(metric: Ours, labels: list[str]) -> CounterMetricFamily | GaugeMetricFamily:
    family = CounterMetricFamily if metric.shape is Shape.COUNTER else GaugeMetricFamily
    return family(metric.full_name, metric.help, labels=labels)
