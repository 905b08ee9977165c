"""What a metric is: its name, its series, and the columns of the board that they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product

__all__ = ["Across", "Metric", "Shape", "counter", "gauge", "seconds"]

PREFIX = "mxward_"


class Shape(Enum):
    """What Prometheus calls the type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Across(Enum):
    """How one number comes of all processes' numbers."""

    SUM = "the sum"
    MOST = "the highest"
    LEAST = "the lowest but 0"
    EACH = "one for each worker"  # with the label `worker`: its number, from 0


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric with its series. `name` has neither prefix nor `_total`.

    `labels` are the names of labels, each with its values; `ends` are the upper ends of a
    histogram's buckets.
    """

    name: str
    shape: Shape
    help: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    across: Across = Across.SUM
    ends: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        """As Prometheus shows it."""
        return f"{PREFIX}{self.name}{'_total' if self.shape is Shape.COUNTER else ''}"

    @property
    def series(self) -> Iterator[tuple[str, ...]]:
        """The values of the labels, for each series."""
        return product(*(values for _, values in self.labels))

    def column(self, *values: str) -> str:
        """The column of one series of a counter or gauge."""
        return " ".join((self.name, *values))

    def parts(self, *values: str) -> tuple[str, ...]:
        """The columns of one histogram: one a bucket, one for what is more, one for the sum."""
        parts = (*(f"{end:g}" for end in self.ends), "more", "sum")
        return tuple(f"{self.column(*values)} {part}" for part in parts)

    @property
    def columns(self) -> Iterator[str]:
        """All columns of the board that this metric needs."""
        for values in self.series:
            if self.shape is Shape.HISTOGRAM:
                yield from self.parts(*values)
            else:
                yield self.column(*values)


def counter(name: str, text: str, across: Across = Across.SUM, **labels: Iterable[str]) -> Metric:
    """What only grows."""
    return Metric(name, Shape.COUNTER, text, _named(labels), across)


def gauge(name: str, text: str, across: Across = Across.SUM, **labels: Iterable[str]) -> Metric:
    """How something stands."""
    return Metric(name, Shape.GAUGE, text, _named(labels), across)


def seconds(name: str, text: str, *ends: float, **labels: Iterable[str]) -> Metric:
    """How long something took."""
    return Metric(name, Shape.HISTOGRAM, text, _named(labels), ends=ends)


def _named(labels: dict[str, Iterable[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(map(str, values))) for name, values in labels.items())
