"""A report as one HTML file that a person would show to a manager: the sentence, the key figures,
the plots, the tables, the small print.

For whatever it leaves out of a long list it says so: the whole is in `--format json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mxward.maillog.logged import Tally
from mxward.model import Door
from mxward.reports.html_clients import clients, clients_plot
from mxward.reports.html_small_print import not_understood, small_print
from mxward.reports.html_traffic import key_figures, traffic
from mxward.reports.html_what_if import what_would_have_been
from mxward.reports.markup import Markup
from mxward.reports.page import counted, document, in_utc, more, paragraph, section, span, table
from mxward.reports.summary import MOST_DOMAINS, Report
from mxward.reports.what_if import WhatIf

__all__ = ["headline", "page"]

_DOMAINS = 25


def page(
    report: Report,
    what_if: WhatIf | None,
    tallies: Mapping[str, Tally],
    *,
    made_at: datetime,
    remarks: Sequence[str] = (),
) -> str:
    """The whole file. `remarks` are sentences on what it rests on, told in the small print."""
    return document(
        "Who uses which door",
        headline(report),
        _body(report, what_if, tallies),
        small_print(report, tallies, remarks, made_at),
        made_at=made_at,
    )


def headline(report: Report) -> str:
    """The report in one or two sentences."""
    totals = report.totals
    if totals.first_at is None or totals.last_at is None:
        return "These logs tell of no mail at all."
    begins = span(in_utc(totals.first_at).date(), in_utc(totals.last_at).date())
    doors = report.doors()
    messages = sum(count for count, _ in doors.values())
    back = doors.get(Door.BACK, (0, 0))[0]
    if not messages:
        return f"{begins}, no client brought any mail that these logs tell the recipients of."
    if not back:
        return f"{begins}, none of {counted(messages, 'message')} came in by the back door."
    return (
        f"{begins}, {back:,} of {counted(messages, 'message')} ({back / messages:.1%}) came in by "
        f"the back door, past the scanner; {_of_clients(report)}."
    )


def _of_clients(report: Report) -> str:
    honest = report.honest()
    if not honest:
        if len(report.senders) == 1:
            return "they are all of one client, which does not look honest"
        return f"none of the {len(report.senders):,} clients that sent them looks honest"
    sent = sum(sender.client.messages for sender in honest)
    look = "client that looks" if len(honest) == 1 else "clients that look"
    return f"{len(honest):,} {look} honest sent {sent:,} of them"


def _body(
    report: Report, what_if: WhatIf | None, tallies: Mapping[str, Tally]
) -> Iterator[Markup | None]:
    if report.totals.first_at is not None:
        yield key_figures(report)
    if report.by_day:
        yield traffic(report.by_day)
        yield from _back_door(report)
    if what_if is not None:
        yield what_would_have_been(what_if)
    yield not_understood(tallies)


def _back_door(report: Report) -> Iterator[Markup | None]:
    if not report.senders and not report.domains:
        yield section(
            "The back door",
            paragraph(
                "Nobody used the back door in the time of these logs. That it is shut they do not "
                "tell: whoever tries it may still get in.",
                "notice",
            ),
        )
        return
    yield clients_plot(report)
    yield section(
        "Domains with the most mail by the back door",
        table(
            ("domain", "messages", "recipients", "clients"),
            [(d.domain, d.messages, d.recipients, d.clients) for d in report.domains[:_DOMAINS]],
            "text n n n",
            kind="narrow",
        ),
        more(
            len(report.domains) - _DOMAINS,
            "at least " if len(report.domains) >= MOST_DOMAINS else "",
        ),
    )
    yield clients("Clients that are likely honest", report.honest(), honest=True)
    yield clients("Clients that are likely not honest", report.suspicious(), honest=False)
