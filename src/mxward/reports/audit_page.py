"""An audit as one HTML file, for whoever has to shut the doors: the sentence, the numbers, the
servers with their evidence and mend, what else was seen, the small print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mxward.audit.codes import KINDS
from mxward.audit.findings import Finding
from mxward.audit.fixes import Fix
from mxward.audit.front import Standing
from mxward.audit.judging import TOLD, Verdict
from mxward.audit.report import Report
from mxward.reports.markup import Child, Markup, element, joined
from mxward.reports.page import counted, document, more, paragraph, section, table

__all__ = ["headline", "page"]

_MOST_SERVERS = 200
_MOST_IN_DETAIL = 50
_MOST_OTHERS = 300
_MOST_DOMAINS = 30
_TILES = {
    Verdict.OPEN: ("Open", "they take mail past the scanner", "back"),
    Verdict.LIKELY: ("Likely", "nearly sure, and not proven", "unknown"),
    Verdict.UNKNOWN: ("Unknown", "it could not be told: not shut", "outside"),
    Verdict.ACCEPTED: ("Accepted", "open by your own word", "open"),
    Verdict.CLOSED: ("Closed", "proven to be shut", "front"),
}
_STANDINGS = {
    Standing.FRONTED: "A scanner stands in front",
    Standing.OWN: "Your own server is the MX: nothing is passed by",
    Standing.ELSEWHERE: "The MX leads to no scanner that is known",
    Standing.NONE: "They take no mail",
    Standing.UNKNOWN: "They could not be looked up",
}


def page(report: Report) -> str:
    """The whole file."""
    at = datetime.fromtimestamp(report.finished_at, UTC)
    return document(
        "Which back doors are open",
        headline(report),
        _body(report),
        _small_print(report),
        made_at=at,
    )


def headline(report: Report) -> str:
    """The report in a sentence or two."""
    fronted = report.standings()[Standing.FRONTED]
    open_ = _domains(report, Verdict.OPEN)
    behind = f"{counted(fronted, 'domain')} behind a scanner"
    if report.partial:
        behind = f"{behind}, as far as it came before it was interrupted"
    if open_:
        servers = counted(report.servers()[Verdict.OPEN], "server")
        return f"Of {behind}, {open_:,} can be reached past it: {servers} took the mail."
    unsure = _domains(report, Verdict.LIKELY, Verdict.UNKNOWN)
    if unsure:
        was = "proven" if report.probed else "asked"
        return f"Of {behind}, none was {was} open; for {unsure:,} it could not be ruled out."
    return f"Of {behind}, none can be reached past it by any way that was tried."


def _domains(report: Report, *verdicts: Verdict) -> int:
    return len({d for f in report.findings if f.verdict in verdicts for d in f.domains})


def _body(report: Report) -> Iterator[Markup | None]:
    yield _tiles(report)
    doors = [f for f in report.shown() if f.server and f.verdict is not Verdict.CLOSED]
    yield _servers(doors)
    detailed = [f for f in doors if f.verdict in (Verdict.OPEN, Verdict.LIKELY) and f.fixes]
    if detailed:
        yield section(
            "How each is shut",
            *(_mend(finding) for finding in detailed[:_MOST_IN_DETAIL]),
            more(len(detailed) - _MOST_IN_DETAIL),
        )
    yield _others([f for f in report.shown() if not f.server])
    closed = [f for f in report.shown() if f.server and f.verdict is Verdict.CLOSED]
    if closed:
        yield _closed(closed)


def _tiles(report: Report) -> Markup:
    servers = report.servers()
    tiles = (
        element(
            "li",
            element("span", name, class_="name"),
            element("span", servers[verdict], class_="count"),
            element("span", "server" if servers[verdict] == 1 else "servers", class_="share"),
            element("span", counted(_domains(report, verdict), "domain"), class_="share"),
            element("span", text, class_="text"),
            class_=f"tile {class_}",
        )
        for verdict, (name, text, class_) in _TILES.items()
    )
    return element("ul", *tiles, class_="tiles")


def _servers(doors: Sequence[Finding]) -> Markup:
    if not doors:
        return section(
            "Servers", paragraph("No server was found that may take mail past a scanner.", "notice")
        )
    return section(
        "Servers, those first where one mend shuts most doors",
        table(
            ("server", "verdict", "domains", "what it does", "finding"),
            [_row(finding) for finding in doors[:_MOST_SERVERS]],
            "who text n text text",
        ),
        more(len(doors) - _MOST_SERVERS),
    )


def _row(finding: Finding) -> tuple[Child, ...]:
    hows = dict.fromkeys(e.at.how for e in finding.at if e.at.verdict is finding.verdict)
    word = finding.waiver
    accepted = f"Accepted by {word.owner}: {word.note}. " if word else ""
    return (
        joined([str(finding.server), element("small", finding.service or None)]),
        joined([finding.verdict, None if finding.new else element("small", "known before")]),
        len(finding.domains),
        joined(
            [
                accepted,
                "; or ".join(TOLD[how] for how in hows),
                element("small", _named(finding.domains)),
            ]
        ),
        joined([finding.code.value, element("small", finding.id)]),
    )


def _named(domains: Sequence[str], most: int = 3) -> str:
    rest = f" and {len(domains) - most:,} more" if len(domains) > most else ""
    return f"{', '.join(domains[:most])}{rest}"


def _mend(finding: Finding) -> Markup:
    title = f"{finding.server}: {counted(len(finding.domains), 'domain')}"
    return joined(
        [
            element("h3", title),
            _ways(finding),
            _folded("What it said", "\n".join(finding.evidence)) if finding.evidence else None,
            *(_fix(fix) for fix in finding.fixes),
            _folded(
                "The domains",
                "\n".join(finding.domains[:_MOST_DOMAINS])
                + (
                    f"\nand {len(finding.domains) - _MOST_DOMAINS:,} more (--format json)"
                    if len(finding.domains) > _MOST_DOMAINS
                    else ""
                ),
            ),
            paragraph("To test it again:"),
            element("pre", finding.retest),
        ]
    )


def _ways(finding: Finding) -> Markup | None:
    """By which names one gets there, of its first domain."""
    leads = next((each.leads for each in finding.at if each.leads), ())
    return paragraph(f"Found by {', '.join(leads[:10])}.", "soft") if leads else None


def _fix(fix: Fix) -> Markup:
    return _folded(f"To shut it in {fix.of}", fix.text)


def _folded(title: str, text: str) -> Markup:
    lines = (Markup(f"{joined([line])}\n") for line in text.split("\n"))
    return element("details", element("summary", title), element("pre", *lines))


def _others(others: Sequence[Finding]) -> Markup | None:
    if not others:
        return None
    return section(
        "What else was seen",
        table(
            ("what", "severity", "domains", "finding"),
            [
                (
                    joined([f"{KINDS[f.code].title}.", element("small", f.text)]),
                    f.severity.value,
                    len(f.domains) or None,
                    joined([f.code.value, element("small", f.id)]),
                )
                for f in others[:_MOST_OTHERS]
            ],
            "who text n text",
        ),
        more(len(others) - _MOST_OTHERS),
    )


def _closed(closed: Sequence[Finding]) -> Markup:
    return section(
        "Doors that are shut",
        element(
            "details",
            element("summary", counted(len(closed), "server")),
            table(
                ("server", "domains", "why it counts as shut"),
                [(str(f.server), len(f.domains), _row(f)[3]) for f in closed[:_MOST_SERVERS]],
                "who n text",
            ),
            more(len(closed) - _MOST_SERVERS),
        ),
    )


def _small_print(report: Report) -> Iterator[Child]:
    yield element("h2", "Small print")
    yield table(
        ("domains", "what stands in front"),
        [(f"{count:,}", _STANDINGS[each]) for each, count in report.standings().items() if count],
        "n text",
    )
    if report.probed:
        where = ", ".join(report.sources) or "nowhere: no server was reached"
        yield paragraph(
            f"Servers were probed from {where}. A server that trusts this address would take mail "
            "that it takes from nobody else; one that says so counts as unknown. No message was "
            "sent: the probe asks up to RCPT."
        )
    else:
        yield paragraph(
            "No server was probed: what leads to a mail server counts as likely open. Run it with "
            "--probe to know."
        )
    yield paragraph(
        "Unknown never counts as closed. docs/findings.md explains each finding and its mend."
    )
    for remark in report.remarks:
        yield paragraph(remark)
