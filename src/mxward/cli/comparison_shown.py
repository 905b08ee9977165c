"""The five ways on the screen."""

from __future__ import annotations

from mxward.cli.screen import Screen
from mxward.reports.compare import Comparison, Way

__all__ = ["show"]


def show(screen: Screen, comparison: Comparison) -> None:
    """The table, and the recommendation."""
    screen.line()
    screen.line(
        f"{comparison.back:,} recipients came by the back door from clients that nobody trusts, "
        f"{comparison.honest:,} of them from clients that look honest; a scanner stands in front "
        f"of {comparison.fronted:,} domains",
        "bold",
    )
    screen.table(
        ("", "stopped", "share", "honest lost", "domains", "records", "left open"),
        [_row(way) for way in comparison.ways],
    )
    if not comparison.looked_up:
        screen.line("  which names lead to the mail server was not asked (--offline)")
    screen.line()
    screen.line("To be kept up by hand", "bold")
    screen.table(("", ""), [(way.name, way.by_hand) for way in comparison.ways])
    screen.line()
    screen.line(f"Recommended: {comparison.recommended}", "bold green")
    for reason in comparison.reasons:
        screen.line(f"  - {reason}")


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
        way.left_open,
    )


def _count(count: int | None, at_most: bool) -> str:
    if count is None:
        return "not asked"
    return f"{'at most ' * at_most}{count:,}"
