"""Days folded into weeks, months or years, where a plot would have too many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mxward.reports.summary import ByDay

__all__ = ["MONTHS", "Period", "Periods", "Unit", "folded", "told"]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MOST = 92
"""So many bars are shown beside each other: a quarter of a year by day."""


class Unit(StrEnum):
    """How much time one bar stands for."""

    DAY = "day"
    WEEK = "week"  # from Monday (ISO 8601)
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """One bar: when it begins, and the messages by door."""

    begins: date
    messages: dict[str, int]


@dataclass(frozen=True, slots=True)
class Periods:
    """All of them, without gaps, oldest first."""

    unit: Unit
    periods: tuple[Period, ...]

    def title(self, period: Period) -> str:
        """`9 November 2026`, `week from 9 November 2026`, `November 2026`, `2026`."""
        if self.unit is Unit.YEAR:
            return str(period.begins.year)
        if self.unit is Unit.MONTH:
            return f"{MONTHS[period.begins.month - 1]} {period.begins.year}"
        return f"{'week from ' * (self.unit is Unit.WEEK)}{told(period.begins)}"

    def tick(self, period: Period) -> str:
        """The same, short, without a year that another line tells."""
        if self.unit is Unit.YEAR:
            return str(period.begins.year)
        month = MONTHS[period.begins.month - 1][:3]
        return month if self.unit is Unit.MONTH else f"{period.begins.day} {month}"


def folded(rows: Iterable[ByDay]) -> Periods:
    """By day; by week where there are more than 92, by month or year where the weeks are too many.

    A wrongly dated line may make it thousands of years, so the longest spans leave out the years
    in which there is nothing.
    """
    days: dict[date, dict[str, int]] = {}
    for row in rows:
        of_day = days.setdefault(date.fromisoformat(row.day), {})
        of_day[row.door] = of_day.get(row.door, 0) + row.messages
    if not days:
        return Periods(Unit.DAY, ())
    first, last = min(days), max(days)
    unit = _unit(first, last)
    sums: dict[date, dict[str, int]] = {}
    if unit is not Unit.YEAR or last.year - first.year < _MOST:
        sums = {begins: {} for begins in _between(first, last, unit)}
    for day in sorted(days):
        into = sums.setdefault(_beginning(day, unit), {})
        for door, messages in days[day].items():
            into[door] = into.get(door, 0) + messages
    return Periods(unit, tuple(Period(begins, doors) for begins, doors in sums.items()))


def told(day: date) -> str:
    """`9 November 2026`, whatever the locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _unit(first: date, last: date) -> Unit:
    days = (last - first).days + 1
    if days <= _MOST:
        return Unit.DAY
    if days <= _MOST * 7:
        return Unit.WEEK
    return Unit.MONTH if days <= _MOST * 30 else Unit.YEAR


def _beginning(day: date, unit: Unit) -> date:
    if unit is Unit.DAY:
        return day
    if unit is Unit.WEEK:
        return date.fromordinal(max(day.toordinal() - day.weekday(), 1))
    return day.replace(day=1) if unit is Unit.MONTH else day.replace(month=1, day=1)


def _between(first: date, last: date, unit: Unit) -> Iterator[date]:
    day, end = _beginning(first, unit), _beginning(last, unit)
    while day < end:
        yield day
        longest = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 31, Unit.YEAR: 366}[unit]
        day = _beginning(day + timedelta(days=longest), unit)
    yield end
