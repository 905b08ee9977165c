"""Plots as SVG, for a page that nothing is loaded for: stacked bars over time, and dots on two
logarithmic axes. They know nothing of mail: what they show is plain data.

Colours are the page's (`page.css`), by class, so that they follow light and dark; kinds of dots
have shapes of their own too. There is nothing here that moves or answers to clicks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from mxward.reports.axes import ticks, width
from mxward.reports.markup import Markup, element

__all__ = ["Bar", "Frame", "Series", "figure", "stacked_bars"]

FONT = 13  # pixels, of a plot that is WIDE
WIDE = 960
_BETWEEN_TICKS = 64
_LINE = 18
_WIDEST_BAR = 56


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the bars."""

    key: str
    name: str
    class_: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; `title` is told in full to who points at it, `tick` and `under` below the axis."""

    title: str
    tick: str
    under: str
    values: Mapping[str, int]  # by the series' keys


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the data of a plot go, in pixels."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def wide(self) -> float:
        return self.right - self.left

    @property
    def high(self) -> float:
        return self.bottom - self.top


def figure(title: str, description: str, high: int, *inside: Markup) -> Markup:
    """An SVG of the page's width that a screen reader can tell of."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *inside,
        viewBox=f"0 0 {WIDE} {high}",
        role="img",
        class_="plot",
    )


def stacked_bars(
    title: str, description: str, series: Sequence[Series], bars: Sequence[Bar], high: int = 340
) -> Markup:
    """Bars over time, the first series at the bottom; series are named beside the last bar."""
    named = 26 + max((width(one.name, FONT) for one in series), default=0)
    highest = max((sum(bar.values.get(one.key, 0) for one in series) for bar in bars), default=0)
    marks = ticks(highest, max(2, high // 65))
    frame = Frame(16 + width(f"{marks[-1]:,}", FONT), WIDE - named, 14, high - 44)
    scale = frame.high / marks[-1]
    band = frame.wide / max(len(bars), 1)
    return figure(
        title,
        description,
        high,
        *_grid(frame, marks, scale),
        *(_bar(frame, n, band, scale, bar, series) for n, bar in enumerate(bars)),
        *_dates(frame, band, bars),
        *_names(frame, scale, series, bars),
    )


def _grid(frame: Frame, marks: Sequence[int], scale: float) -> Iterator[Markup]:
    for mark in marks:
        y = frame.bottom - mark * scale
        yield element(
            "line", x1=frame.left, x2=frame.right, y1=y, y2=y, class_="grid" if mark else "axis"
        )
        yield element("text", mark, x=frame.left - 8, y=y + 4.5, class_="tick", text_anchor="end")


def _bar(
    frame: Frame, n: int, band: float, scale: float, bar: Bar, series: Sequence[Series]
) -> Markup:
    wide = min(band * 0.82, _WIDEST_BAR)
    x = frame.left + band * (n + 0.5) - wide / 2
    parts, below, said = [], 0, []
    for one in series:
        value = bar.values.get(one.key, 0)
        if value:
            below += value
            y = frame.bottom - below * scale
            parts.append(_rectangle(x, y, wide, value * scale, one.class_))
            said.append(f"{one.name} {value:,}")
    text = f"{bar.title}: {', '.join(said) or 'nothing'}"
    return element("g", element("title", text), *parts, class_="bar")


def _rectangle(x: float, y: float, wide: float, high: float, class_: str) -> Markup:
    """To a hundredth of a pixel, so that the heights of small ones are as the data are."""
    return element(
        "rect",
        x=f"{x:.2f}",
        y=f"{y:.2f}",
        width=f"{wide:.2f}",
        height=f"{high:.2f}",
        class_=class_,
    )


def _dates(frame: Frame, band: float, bars: Sequence[Bar]) -> Iterator[Markup]:
    """As many as there is room for; what stands under them, where it changes."""
    every = next(
        (n for n in (1, 2, 7, 14, 28) if n * band >= _BETWEEN_TICKS), ceil(_BETWEEN_TICKS / band)
    )
    under = ""
    for n in range(0, len(bars), every):
        x = frame.left + band * (n + 0.5)
        yield element("line", x1=x, x2=x, y1=frame.bottom, y2=frame.bottom + 4, class_="axis")
        yield _centred(bars[n].tick, x, frame.bottom + _LINE)
        if bars[n].under != under:
            under = bars[n].under
            yield _centred(under, x, frame.bottom + 2 * _LINE)


def _centred(text: str, x: float, y: float) -> Markup:
    return element("text", text, x=x, y=y, class_="tick", text_anchor="middle")


def _names(
    frame: Frame, scale: float, series: Sequence[Series], bars: Sequence[Bar]
) -> Iterator[Markup]:
    """Each beside its part of the last bar that has any, or as near as the others leave room."""
    last = next((bar.values for bar in reversed(bars) if any(bar.values.values())), {})
    below, wanted = 0, []
    for one in series:
        value = last.get(one.key, 0)
        wanted.append(frame.bottom - (below + value / 2) * scale)
        below += value
    for one, y in zip(series, _apart(wanted, frame), strict=True):
        yield element(
            "g",
            _rectangle(frame.right + 6, y - 5, 10, 10, one.class_),
            element("text", one.name, x=frame.right + 21, y=y + 4.5, class_="name"),
            class_="key",
        )


def _apart(wanted: Sequence[float], frame: Frame) -> list[float]:
    """From the bottom up, at least a line apart, and within the frame."""
    found: list[float] = []
    room = frame.bottom - 6
    for y in wanted:
        room = min(room, y)
        found.append(room)
        room -= _LINE
    lowest = frame.top + 6
    for n in reversed(range(len(found))):
        found[n] = max(found[n], lowest)
        lowest = found[n] + _LINE
    return found
