"""Dots on two logarithmic axes, the largest of them by name; see `plots` for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log10, sqrt
from typing import NamedTuple

from mxward.reports.axes import log_ticks, width
from mxward.reports.markup import Markup, element, shortened
from mxward.reports.plots import FONT, WIDE, Frame, figure

__all__ = ["Dot", "Kind", "dots"]

_HIGH = 420
_CELL = 6  # pixels: dots that are nearer to each other than this become one, which is larger
_SMALLEST, _LARGEST = 4.0, 13.0
_BESIDE = 16  # pixels
_LEAST = 10  # where the axes end at the earliest
_NAMED = 4  # of each kind
_NAME = 34  # characters


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of dots."""

    name: str
    class_: str
    shape: str  # `circle` or `triangle`


class Dot(NamedTuple):
    """Both values count from 1; `title` is told in full to who points at it."""

    x: int
    y: int
    kind: Kind
    name: str
    title: str


class _Mark(NamedTuple):
    """One or several dots, as drawn."""

    x: float
    y: float
    radius: float
    kind: Kind
    dots: list[Dot]


class _Box(NamedTuple):
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


def dots(
    title: str,
    description: str,
    found: Sequence[Dot],
    kinds: Sequence[Kind],
    *,
    across: str,
    upward: str,
) -> Markup:
    """A plot of dots; `across` and `upward` name the axes."""
    x_most = max((_LEAST, *(dot.x for dot in found)))
    y_most = max((_LEAST, *(dot.y for dot in found)))
    wide = width(f"{log_ticks(y_most)[-1]:,}", FONT)
    frame = Frame(16 + wide, WIDE - 12, 66, _HIGH - 62)
    marks = _marks(frame, found, kinds, x_most, y_most)
    return figure(
        title,
        description,
        _HIGH,
        *_key(kinds, found),
        *_axes(frame, x_most, y_most),
        element("text", across, x=frame.right, y=_HIGH - 6, class_="name", text_anchor="end"),
        element("text", upward, x=4, y=47, class_="name"),
        *(_drawn(mark) for mark in marks),
        *_names(frame, marks),
    )


def _key(kinds: Sequence[Kind], found: Iterable[Dot]) -> Iterator[Markup]:
    counts = defaultdict(int, dict.fromkeys(kinds, 0))
    for dot in found:
        counts[dot.kind] += 1
    x = 10.0
    for kind in kinds:
        text = f"{kind.name}: {counts[kind]:,}"
        yield _shape(kind, x, 14, 6)
        yield element("text", text, x=x + 13, y=18.5, class_="name")
        x += 46 + width(text, FONT)


def _axes(frame: Frame, x_most: int, y_most: int) -> Iterator[Markup]:
    for mark in log_ticks(y_most):
        y = _up(frame, mark, y_most)
        yield element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid")
        yield element("text", mark, x=frame.left - 8, y=y + 4.5, class_="tick", text_anchor="end")
    y = frame.bottom + 12
    yield element("line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="axis")
    for mark in log_ticks(x_most, 12):
        x = _along(frame, mark, x_most)
        yield element("line", x1=x, x2=x, y1=y, y2=y + 4, class_="axis")
        yield element("text", mark, x=x, y=y + 18, class_="tick", text_anchor="middle")


def _along(frame: Frame, value: int, most: int) -> float:
    """The first and the last are not on the edges: dots there are whole dots."""
    left = frame.left + 32
    return left + (frame.right - 32 - left) * log10(max(value, 1)) / log10(most)


def _up(frame: Frame, value: int, most: int) -> float:
    return frame.bottom - frame.high * log10(max(value, 1)) / log10(most)


# -- marks --------------------------------------------------------------------------------------


def _marks(
    frame: Frame, found: Iterable[Dot], kinds: Sequence[Kind], x_most: int, y_most: int
) -> list[_Mark]:
    """Ten thousand dots are as few marks as can be told from each other; the largest below.

    Kinds stand a little beside each other, so that none hides another.
    """
    beside = {kind: (n - (len(kinds) - 1) / 2) * _BESIDE for n, kind in enumerate(kinds)}
    cells: dict[tuple[Kind, int, int], list[Dot]] = defaultdict(list)
    for dot in found:
        x, y = _along(frame, dot.x, x_most), _up(frame, dot.y, y_most)
        cells[dot.kind, round(x / _CELL), round(y / _CELL)].append(dot)
    marks = []
    for (kind, _, _), own in cells.items():
        x = sum(_along(frame, dot.x, x_most) for dot in own) / len(own) + beside[kind]
        y = sum(_up(frame, dot.y, y_most) for dot in own) / len(own)
        radius = min(_SMALLEST * sqrt(1 + (len(own) - 1) / 8), _LARGEST)
        marks.append(_Mark(x, y, radius, kind, own))
    return sorted(marks, key=lambda mark: -mark.radius)


def _drawn(mark: _Mark) -> Markup:
    more = len(mark.dots) - 1
    text = f"{shortened(mark.dots[0].title)}{f'; and {more:,} more like it' if more else ''}"
    shape = _shape(mark.kind, mark.x, mark.y, mark.radius)
    return element("g", element("title", text), shape, class_="dot")


def _shape(kind: Kind, x: float, y: float, radius: float) -> Markup:
    if kind.shape == "circle":
        return element("circle", cx=x, cy=y, r=radius, class_=kind.class_)
    half, up, down = radius * 1.05, radius * 1.2, radius * 0.75
    corners = f"{x - half:.1f},{y + down:.1f} {x + half:.1f},{y + down:.1f} {x:.1f},{y - up:.1f}"
    return element("polygon", points=corners, class_=kind.class_)


# -- names --------------------------------------------------------------------------------------


def _names(frame: Frame, marks: Sequence[_Mark]) -> Iterator[Markup]:
    """The largest of each kind, where there is room for their names."""
    taken = [_around(mark) for mark in marks]
    placed: list[_Box] = []
    for mark in _largest(marks):
        text = shortened(max(mark.dots, key=lambda dot: dot.y).name, _NAME)
        for anchor, x, box in _places(mark, width(text, FONT)):
            inside = frame.left <= box.left and box.right <= frame.right and box.top >= frame.top
            if inside and not any(map(box.meets, placed)) and not any(map(box.meets, taken)):
                placed.append(box)
                yield element(
                    "text", text, x=x, y=box.bottom - 4, class_="label", text_anchor=anchor
                )
                break


def _largest(marks: Sequence[_Mark]) -> list[_Mark]:
    """By the most that one of their dots has."""
    by_size = sorted(marks, key=lambda mark: -max(dot.y for dot in mark.dots))
    chosen: list[_Mark] = []
    for mark in by_size:
        if sum(other.kind == mark.kind for other in chosen) < _NAMED:
            chosen.append(mark)
    return chosen


def _around(mark: _Mark) -> _Box:
    x, y, radius = mark.x, mark.y, mark.radius
    return _Box(x - radius, x + radius, y - radius, y + radius)


def _places(mark: _Mark, wide: float) -> Iterator[tuple[str, float, _Box]]:
    """Right of it, left of it, above it, below it."""
    x, y, off = mark.x, mark.y, mark.radius + 4
    yield "start", x + off, _Box(x + off, x + off + wide, y - 8, y + 8)
    yield "end", x - off, _Box(x - off - wide, x - off, y - 8, y + 8)
    for top in (y - off - 16, y + off):
        yield "middle", x, _Box(x - wide / 2, x + wide / 2, top, top + 16)
