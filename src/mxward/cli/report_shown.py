"""A report on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mxward.cli.screen import Screen
from mxward.maillog.logged import Tally
from mxward.reports.summary import Report, Sender
from mxward.reports.what_if import WhatIf

__all__ = ["DOORS", "show", "show_tallies", "show_what_if"]

DOORS = {
    "front": "by the front door",
    "back": "by the back door",
    "open": "for domains that nothing stands in front of",
    "unknown": "of which it cannot be told: a look-up failed",
    "outside": "authenticated, or not for a domain of the inventory",
}
_CLIENTS = 20
_SIGNS = 4
_SAMPLES = 5


def show(screen: Screen, report: Report, most: int = _CLIENTS) -> None:
    """Who uses which door."""
    totals = report.totals
    if totals.first_at is None or totals.last_at is None:
        screen.line("These logs tell of no mail at all.")
        return
    screen.line(
        f"Mail from {totals.first_at:%Y-%m-%d %H:%M} to {totals.last_at:%Y-%m-%d %H:%M} UTC", "bold"
    )
    screen.line()
    doors = report.doors()
    screen.table(
        ("door", "messages", "recipients", ""),
        [(door, *doors.get(door, (0, 0)), text) for door, text in DOORS.items()],
    )
    if totals.local:
        screen.line(f"  and {totals.local:,} recipients of mail that the server itself has made")
    if totals.unknown_recipients:
        screen.line(f"  and {totals.unknown_recipients:,} messages whose recipients are not told")
    _show_days(screen, report)
    if report.domains:
        screen.line()
        screen.line("Domains with the most mail by the back door", "bold")
        screen.table(("domain", "recipients", "messages", "clients"), report.domains[:most])
    _show_senders(screen, "likely honest", report.honest(), most)
    _show_senders(screen, "likely not", report.suspicious(), most)


def _show_days(screen: Screen, report: Report) -> None:
    days: dict[str, dict[str, int]] = {}
    for row in report.by_day:
        days.setdefault(row.day, {})[row.door] = row.messages
    screen.line()
    screen.line("Messages by day (UTC)", "bold")
    screen.table(
        ("day", *DOORS), [(day, *(told.get(d, 0) for d in DOORS)) for day, told in days.items()]
    )


def _show_senders(screen: Screen, title: str, senders: Sequence[Sender], most: int) -> None:
    if not senders:
        return
    screen.line()
    screen.line(f"Clients of the back door, {title} ({len(senders):,})", "bold")
    screen.table(
        ("client", "name", "messages", "days", "last", "signs"),
        [_row(sender) for sender in senders[:most]],
    )
    if len(senders) > most:
        screen.line(f"  and {len(senders) - most:,} more (--most, or --format json)")


def _row(sender: Sender) -> tuple[object, ...]:
    client = sender.client
    told = "; ".join(f"{sign.weight:+d} {sign.text}" for sign in sender.signs[:_SIGNS])
    last = f"{client.last_at:%Y-%m-%d}"
    return client.client, client.name or None, client.messages, client.days, last, told or "none"


def show_what_if(screen: Screen, what_if: WhatIf, most: int = _CLIENTS) -> None:
    """What would have happened."""
    screen.line()
    screen.line(f"What if the stage of every domain were {what_if.stage}?", "bold")
    screen.table(
        ("action", "door", "reason", "recipients", "messages", "clients", "domains"),
        [(o.action, o.door, o.reason, *o[3:]) for o in what_if.outcomes],
    )
    if what_if.stopped:
        screen.line()
        screen.line("From whom, for whom", "bold")
        screen.table(
            ("client", "domain", "action", "reason", "recipients", "messages", "last"),
            [(*row[:6], f"{row.last_at:%Y-%m-%d %H:%M}") for row in what_if.stopped[:most]],
        )
    screen.line()
    if not what_if.honest:
        screen.line("None of it looks honest.", "bold green")
        return
    screen.line(
        f"Of that, {what_if.honest_messages:,} messages for {what_if.honest_recipients:,} "
        "recipients look honest",
        "bold yellow",
    )
    screen.table(
        ("time (UTC)", "client", "name", "from", "for", "action", "MX failed", "where"),
        [
            (
                f"{row.arrived_at:%Y-%m-%d %H:%M:%S}",
                row.client,
                row.name or None,
                row.sender or "<>",
                row.recipient,
                row.action,
                "not asked" if row.mx_failed is None else ("yes" if row.mx_failed else "no"),
                f"{row.log}:{row.line}",
            )
            for row in what_if.honest[:most]
        ],
    )
    if what_if.honest_recipients > most:
        screen.line(f"  and {what_if.honest_recipients - most:,} more (--most, or --format json)")


def show_tallies(screen: Screen, tallies: Mapping[str, Tally]) -> None:
    """How many lines were read, and those that nobody understood."""
    lines = sum(tally.lines for tally in tallies.values())
    strange = sum(sum(tally.strange.values()) for tally in tallies.values())
    screen.line()
    screen.line(f"{lines:,} lines were read, {strange:,} of them not understood", "bold")
    for log, tally in tallies.items():
        for kind, count in tally.strange.most_common():
            screen.line(f"  {log}: {count:,} lines: {kind}", "yellow")
            for number, text in tally.samples.get(kind, [])[:_SAMPLES]:
                screen.line(f"    {number}: {text}")
