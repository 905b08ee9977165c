"""What nobody understood in the logs, and how the report was made, so that one can disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from mxward import __version__
from mxward.maillog.logged import Tally
from mxward.reports.html_clients import score
from mxward.reports.markup import Markup, element
from mxward.reports.page import counted, more, paragraph, samples, section, table, when
from mxward.reports.summary import Report

__all__ = ["SIGNS", "not_understood", "small_print"]

_KINDS = 20
_SAMPLES = 5
_LOGS = 50

SIGNS = (
    (4, "authenticates at other times"),
    (4, "is trusted already"),
    (3, "was seen on 7 days or more"),
    (2, "was seen on 3 to 6 days"),
    (2, "its name leads back to it (forward-confirmed)"),
    (1, "calls itself by that name in its HELO"),
    (1, "mostly uses TLS"),
    (-1, "was seen on one day"),
    (-1, "no name leads back to it"),
    (-1, "writes to 10 domains or more within two days"),
    (-2, "was rejected more often than taken"),
    (-2, "has more than half as many sender domains as messages, of 5 or more"),
    (-2, "all its messages, 5 or more, have the same size"),
    (-4, "its HELO lies: another's address, or a domain of the inventory"),
)
"""As `honesty.signs` gives them; a test holds the two together."""


def not_understood(tallies: Mapping[str, Tally]) -> Markup | None:
    """Lines by kind, with samples as they are."""
    if not tallies:
        return None
    strange: Counter[str] = Counter()
    for tally in tallies.values():
        strange.update(tally.strange)
    lines = sum(tally.lines for tally in tallies.values())
    read = f"{counted(lines, 'line')} of {counted(len(tallies), 'log')}"
    if not strange.total():
        return section(
            "What was not understood", paragraph(f"Nothing: {read} were read, and all understood.")
        )
    return section(
        "What was not understood",
        paragraph(
            f"{strange.total():,} of {read}. None of them is in the numbers above: what is not "
            "understood is shown, not guessed."
        ),
        *_by_kind(strange, tallies),
        more(len(strange) - _KINDS),
    )


def _by_kind(strange: Counter[str], tallies: Mapping[str, Tally]) -> Iterator[Markup]:
    for kind, count in strange.most_common(_KINDS):
        found = [
            (f"{log}:{number}", text)
            for log, tally in tallies.items()
            for number, text in tally.samples.get(kind, ())
        ]
        yield element("h3", f"{counted(count, 'line')}: {kind}")
        if found:
            yield samples(found[:_SAMPLES])


def small_print(
    report: Report, tallies: Mapping[str, Tally], remarks: Sequence[str], made_at: datetime
) -> Iterator[Markup | None]:
    """How it was made, what it rests on, what likely honest means."""
    yield element("h2", "Small print")
    for text in _how(report):
        yield paragraph(text, "small")
    for remark in remarks:
        yield paragraph(f"{remark[:1].upper()}{remark[1:]}.", "small")
    yield from _read(tallies)
    yield element("h3", "What likely honest means")
    yield paragraph(
        "There is no proof in a log. These signs add up, and a client whose sum is 0 or more "
        "counts as likely honest: in doubt for it, for honest mail that is lost costs more than a "
        "worm that is let in for another week. Nothing here decides about mail. A sign that the "
        "logs do not tell of counts nothing.",
        "small",
    )
    yield table(
        ("weight", "sign"),
        [(score(weight), text) for weight, text in SIGNS],
        "n text",
        kind="narrow",
    )
    yield paragraph(f"Made by mxward {__version__} on {when(made_at)} UTC.", "small")


def _how(report: Report) -> Iterator[str]:
    if report.totals.first_at is not None and report.totals.last_at is not None:
        yield (
            f"The logs tell of mail from {when(report.totals.first_at)} to "
            f"{when(report.totals.last_at)}. All times, and the days, are UTC."
        )
    yield (
        "Made from the mail server's own logs. For every recipient of every message that was taken "
        "from a client, the rule that also decides about live mail was asked by which door it "
        "came. The back door is any way in past the scanner that the domain's MX names. A message "
        "that came by two doors, for different recipients, counts at each of them."
    )


def _read(tallies: Mapping[str, Tally]) -> Iterator[Markup | None]:
    if not tallies:
        return
    yield element("h3", "Logs that were read")
    yield table(
        ("log", "lines", "not understood"),
        [(log, tally.lines, tally.strange.total()) for log, tally in list(tallies.items())[:_LOGS]],
        "text n n",
        kind="narrow",
    )
    yield more(len(tallies) - _LOGS)
