"""The five ways on the screen."""

from __future__ import annotations

from mxward.cli.screen import Screen
from mxward.reports.compare import Comparison, Way
from mxward.reports.page import counted

__all__ = ["show"]


def show(screen: Screen, comparison: Comparison) -> None:
    """The table, and the recommendation."""
    back, domains = counted(comparison.back, "recipient"), counted(comparison.fronted, "domain")
    screen.text(
        f"{back} came by the back door from clients that nobody trusts, {comparison.honest:,} of "
        f"them from clients that look honest; a scanner stands in front of {domains} of these logs",
        "bold",
    )
    screen.line()
    screen.table(
        ("", "stopped", "share", "honest lost", "domains to change", "records"),
        [_row(way) for way in comparison.ways],
    )
    if not comparison.looked_up:
        screen.line("  which names lead to the mail server was not asked (--offline)")
    screen.line()
    screen.line("Doors left open, and what must be kept up by hand", "bold")
    screen.table(
        ("", ""),
        [(way.name, f"left open: {way.left_open}") for way in comparison.ways],
        [f"by hand: {way.by_hand}" for way in comparison.ways],
    )
    screen.line()
    screen.line(f"Recommended: {comparison.recommended}", "bold green")
    for reason in comparison.reasons:
        screen.text(f"- {reason}", indent="  ")


def _row(way: Way) -> tuple[object, ...]:
    most = "at most " * way.at_most
    share = "not asked" if way.share is None else f"{most}{way.share:.1%}"
    return (
        way.name,
        _count(way.stopped, way.at_most),
        share,
        _count(way.honest_lost, way.at_most),
        way.domains,
        "not asked" if way.records is None else way.records,
    )


def _count(count: int | None, at_most: bool) -> str:
    if count is None:
        return "not asked"
    return f"{'at most ' * at_most}{count:,}"
