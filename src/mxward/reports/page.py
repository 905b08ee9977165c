"""A page that a report is shown on: one HTML file, which loads nothing and runs nothing.

What several kinds of reports are made of: head, sections, tables, plots in their frame. Its
Content-Security-Policy forbids all but its own style, so that even a mistake here, with a
stranger's words in the page, could do little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from importlib import resources

from mxward import __version__
from mxward.reports.markup import LONGEST, Child, Markup, element, joined, shortened
from mxward.reports.periods import MONTHS, told

__all__ = [
    "counted",
    "document",
    "in_utc",
    "more",
    "paragraph",
    "plot",
    "samples",
    "section",
    "span",
    "table",
    "when",
]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def document(
    title: str, lead: str, body: Iterable[Child], footer: Iterable[Child], *, made_at: datetime
) -> str:
    """The whole page."""
    style = (resources.files("mxward.reports") / "page.css").read_text("utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content=f"mxward {__version__}"),
        element("title", f"{title} - mxward"),
        element("link", rel="icon", href="data:,"),
        element("style", Markup(f"\n{style}")),
    )
    header = element(
        "header",
        element("p", f"mxward report, made on {when(made_at)} UTC", class_="over"),
        element("h1", title),
        element("p", lead, class_="lead"),
    )
    small = element("footer", element("div", *footer))
    page = element("html", head, element("body", header, element("main", *body), small), lang="en")
    return f"<!doctype html>\n{page}\n"


def section(title: str, *inside: Child) -> Markup:
    """A part of the page."""
    return element("section", element("h2", title), *inside)


def paragraph(text: Child, class_: str | None = None) -> Markup:
    """A paragraph; `small` and `soft` are less loud."""
    return element("p", text, class_=class_)


def plot(svg: Markup) -> Markup:
    """A plot, which on a narrow screen can be moved sideways."""
    return element("div", svg, class_="scroll")


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[Child]],
    classes: str,
    *,
    kind: str | None = None,
) -> Markup:
    """A table. `classes` has one word for each column: `n` for numbers, `when`, `who`, `text`;
    `kind` may be `narrow`.
    """
    of = classes.split()
    head = (
        element("th", name, scope="col", class_=class_)
        for name, class_ in zip(headers, of, strict=True)
    )
    body = (joined(_cells(row, of)) for row in rows)
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *head)),
            Markup("\n"),
            element("tbody", *(Markup(f"{element('tr', row)}\n") for row in body)),
            class_=kind,
        ),
        class_="scroll",
    )


def _cells(row: Sequence[Child], classes: Sequence[str]) -> Iterable[Markup]:
    for n, (cell, class_) in enumerate(zip(row, classes, strict=True)):
        if isinstance(cell, str) and not isinstance(cell, Markup):
            cell = shortened(cell, LONGEST)
        if n:
            yield element("td", cell, class_=class_)
        else:
            yield element("th", cell, scope="row", class_=class_)


def more(number: int, at_least: str = "") -> Markup | None:
    """What a list leaves out."""
    if number <= 0:
        return None
    return paragraph(f"and {at_least}{number:,} more (all of them: --format json)", "small more")


def samples(lines: Iterable[tuple[str, str]]) -> Markup:
    """Lines of logs as they are, each after its place."""
    return element("pre", joined(Markup(f"{_sample(*line)}\n") for line in lines))


def _sample(place: str, text: str) -> Markup:
    return joined([element("b", f"{shortened(place)}:"), " ", shortened(text, 4 * LONGEST)])


# -- words --------------------------------------------------------------------------------------


def counted(number: int, one: str, several: str = "") -> str:
    """`1 message`, `1,234 messages`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def when(at: datetime) -> str:
    """`2026-11-24 09:28`, in UTC."""
    return f"{in_utc(at):%Y-%m-%d %H:%M}"


def in_utc(at: datetime) -> datetime:
    """The same instant; a time without a zone is UTC already."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def span(first: date, last: date) -> str:
    """`On 24 November 2026`, `Between 1 and 30 November 2026`, with as few words as will do."""
    if first == last:
        return f"On {told(first)}"
    begins = str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        begins += f" {MONTHS[first.month - 1]}"
    if first.year != last.year:
        begins += f" {first.year}"
    return f"Between {begins} and {told(last)}"
