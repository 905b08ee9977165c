"""The doors in numbers: key figures, and traffic by door over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxward.model import Door
from mxward.reports.markup import Markup, element, joined
from mxward.reports.page import counted, paragraph, plot, section, table
from mxward.reports.periods import Period, Periods, Unit, folded
from mxward.reports.plots import Bar, Series, stacked_bars
from mxward.reports.summary import ByDay, Report

__all__ = ["key_figures", "traffic"]

_DOORS = {
    Door.BACK: ("back door", "past the scanner that stands in front"),
    Door.FRONT: ("front door", "from the hosts of the domain's MX or their scanner"),
    Door.OPEN: ("open", "for domains that nothing stands in front of"),
    Door.UNKNOWN: ("unknown", "a look-up failed, so it cannot be told"),
    Door.OUTSIDE: ("outside", "authenticated, or not for a domain of the inventory"),
}
"""In the order of the bars, from the bottom up: what the report is about has a level ground."""

_DWARFED = 0.12  # a back door below this share of the highest bar gets a plot of its own


def key_figures(report: Report) -> Markup:
    """How much came by each door."""
    doors = report.doors()
    messages = sum(count for count, _ in doors.values())
    tiles = (
        element(
            "li",
            element("span", name.capitalize(), class_="name"),
            element("span", doors.get(door, (0, 0))[0], class_="count"),
            element("span", _share(doors.get(door, (0, 0))[0], messages), class_="share"),
            element("span", counted(doors.get(door, (0, 0))[1], "recipient"), class_="share"),
            element("span", text, class_="text"),
            class_=f"tile {door}",
        )
        for door, (name, text) in _DOORS.items()
    )
    return joined([element("ul", *tiles, class_="tiles"), *_beside(report)])


def _share(messages: int, of: int) -> str:
    return f"{messages / of:.1%} of messages" if of else "of no messages"


def _beside(report: Report) -> Iterator[Markup]:
    totals = report.totals
    told = []
    if totals.local:
        told.append(f"{counted(totals.local, 'recipient')} of mail that the server itself has made")
    if totals.unknown_recipients:
        unknown = counted(totals.unknown_recipients, "message")
        told.append(f"{unknown} whose recipients the logs do not tell")
    if told:
        yield paragraph(f"Beside these: {', and '.join(told)}.", "small")


def traffic(by_day: Sequence[ByDay]) -> Markup:
    """Messages by door over time, as bars and as a table."""
    periods = folded(by_day)
    bars = [_bar(periods, period) for period in periods.periods]
    present = {row.door for row in by_day if row.messages}
    series = [Series(door, name, door) for door, (name, _) in _DOORS.items() if door in present]
    unit = periods.unit
    title = f"Messages by door and {unit}"
    note = ""
    if unit is Unit.WEEK:
        note = " Weeks begin on Monday; the first and the last may not be whole."
    elif unit is not Unit.DAY:
        note = f" The first and the last {unit} may not be whole."
    return section(
        title,
        paragraph(f"Days are those of UTC.{note}", "small"),
        plot(stacked_bars(title, _description(periods, bars), series, bars)),
        joined(_back_alone(unit, series, bars)),
        element("details", element("summary", "The numbers"), _numbers(periods, series)),
    )


def _back_alone(unit: Unit, series: Sequence[Series], bars: Sequence[Bar]) -> Iterator[Markup]:
    """On a scale of its own, where beside the rest nobody could see it."""
    highest = max((sum(bar.values.values()) for bar in bars), default=0)
    back = max((bar.values.get(Door.BACK, 0) for bar in bars), default=0)
    if 0 < back < _DWARFED * highest:
        title = f"The back door alone, by {unit}, on a scale of its own"
        own = [one for one in series if one.key == Door.BACK]
        yield element("h3", title)
        yield plot(stacked_bars(title, f"At most {back:,} messages.", own, bars, high=200))


def _bar(periods: Periods, period: Period) -> Bar:
    under = "" if periods.unit is Unit.YEAR else str(period.begins.year)
    return Bar(periods.title(period), periods.tick(period), under, period.messages)


def _description(periods: Periods, bars: Sequence[Bar]) -> str:
    sums: dict[str, int] = {}
    for bar in bars:
        for door, messages in bar.values.items():
            sums[door] = sums.get(door, 0) + messages
    told = ", ".join(f"{name} {sums.get(door, 0):,}" for door, (name, _) in _DOORS.items())
    return f"Bars from {bars[0].title} to {bars[-1].title}. In all: {told}."


def _numbers(periods: Periods, series: Sequence[Series]) -> Markup:
    return table(
        (periods.unit, *(one.name for one in series)),
        [
            (periods.title(period), *(period.messages.get(one.key, 0) for one in series))
            for period in periods.periods
        ],
        " ".join(["when", *("n" for _ in series)]),
    )
