"""A report on the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mxward.cli.screen import Screen
from mxward.maillog.logged import Tally
from mxward.reports.honesty import Client
from mxward.reports.page import counted
from mxward.reports.summary import MOST_DOMAINS, Report, Sender
from mxward.reports.what_if import MOST, WhatIf

__all__ = ["DOORS", "show", "show_tallies", "show_what_if"]

DOORS = {
    "front": "by the front door",
    "back": "by the back door",
    "open": "for domains that nothing stands in front of",
    "unknown": "of which it cannot be told: a look-up failed",
    "outside": "authenticated, or not for a domain of the inventory",
}
_CLIENTS = 20
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
        local = counted(totals.local, "recipient")
        screen.line(f"  and {local} of mail that the server itself has made")
    if totals.unknown_recipients:
        unknown = counted(totals.unknown_recipients, "message")
        screen.line(f"  and {unknown} whose recipients are not told")
    _show_days(screen, report)
    if report.domains:
        screen.line()
        screen.line("Domains with the most mail by the back door", "bold")
        screen.table(("domain", "recipients", "messages", "clients"), report.domains[:most])
        _more(screen, len(report.domains) - most, len(report.domains) >= MOST_DOMAINS)
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
    shown = senders[:most]
    screen.table(
        (
            "client",
            "messages",
            "days",
            "last",
            "senders",
            "for",
            "octets",
            "TLS",
            "auth",
            "rejected",
        ),
        [_row(sender.client) for sender in shown],
        [_told_of(sender) for sender in shown],
    )
    _more(screen, len(senders) - most)


def _row(client: Client) -> tuple[object, ...]:
    """The evidence: how many sender domains, and for how many domains, among it."""
    return (
        client.client,
        client.messages,
        client.days,
        f"{client.last_at:%Y-%m-%d}",
        client.sender_domains,
        client.domains,
        _octets(client),
        _tls(client),
        client.authenticated,
        client.rejected,
    )


def _octets(client: Client) -> str:
    if client.smallest is None or client.largest is None:
        return "not asked"
    if client.smallest == client.largest:
        return _size(client.largest)
    return f"{_size(client.smallest)} - {_size(client.largest)}"


def _size(octets: int) -> str:
    """`700`, `12k`, `1.5M`: in thousands, as mail servers count."""
    if octets < 1_000:
        return str(octets)
    if octets < 999_500:
        return f"{octets / 1_000:.0f}k"
    return f"{octets / 1_000_000:.1f}M"


def _tls(client: Client) -> str:
    if not client.with_tls and not client.without_tls:
        return "not asked"
    if not client.without_tls:
        return "yes"
    return "some" if client.with_tls else "no"


def _told_of(sender: Sender) -> str:
    """Its name, what it calls itself, and the signs."""
    client = sender.client
    name = {None: "name not asked", "": "no name"}.get(client.name, client.name)
    helo = f"HELO {client.helos[0].name}" if client.helos else "HELO not asked"
    told = [f"{sign.weight:+d} {sign.text}" for sign in sender.signs]
    return "; ".join([name or "", helo, *told])


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
        _more(screen, len(what_if.stopped) - most, len(what_if.stopped) >= MOST)
    screen.line()
    if not what_if.honest:
        screen.line("None of it looks honest.", "bold green")
        return
    messages = counted(what_if.honest_messages, "message")
    recipients = counted(what_if.honest_recipients, "recipient")
    screen.line(f"Of that, {messages} for {recipients} came from clients that look honest", "bold")
    screen.table(
        ("time (UTC)", "client", "from", "for", "MX failed", "where"),
        [
            (
                f"{row.arrived_at:%Y-%m-%d %H:%M}",
                row.client,
                row.sender or "<>",
                row.recipient,
                "not asked" if row.mx_failed is None else ("yes" if row.mx_failed else "no"),
                f"{row.log}:{row.line}",
            )
            for row in what_if.honest[:most]
        ],
    )
    _more(screen, what_if.honest_recipients - most)


def show_tallies(screen: Screen, tallies: Mapping[str, Tally]) -> None:
    """How many lines were read, and those that nobody understood."""
    lines = sum(tally.lines for tally in tallies.values())
    strange = sum(sum(tally.strange.values()) for tally in tallies.values())
    screen.line()
    read = f"{counted(lines, 'line')} of {counted(len(tallies), 'log')} were read"
    screen.line(f"{read}, {strange:,} of them not understood", "bold")
    for log, tally in tallies.items():
        for kind, count in tally.strange.most_common():
            screen.line(f"  {log}: {counted(count, 'line')}: {kind}", "yellow")
            for number, text in tally.samples.get(kind, [])[:_SAMPLES]:
                screen.line(f"    {number}: {text}")


def _more(screen: Screen, count: int, at_least: bool = False) -> None:
    if count > 0:
        least = "at least " * at_least
        screen.line(f"  and {least}{count:,} more (--most, or --format json)")
