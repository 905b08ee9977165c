"""An audit on the screen: the doors that are open, how they are shut, and what else was seen."""

from __future__ import annotations

from collections.abc import Sequence

from mxward.audit.findings import Finding
from mxward.audit.front import Standing
from mxward.audit.judging import TOLD, Verdict
from mxward.audit.report import Report
from mxward.audit.survey import Surveyed
from mxward.cli.screen import Screen

__all__ = ["show"]

_IN_DETAIL = 3  # servers whose transcript is shown
_EVIDENCE = 12  # lines of one
_DOMAINS_IN_DETAIL = 10
_STYLES = {
    Verdict.OPEN: "bold red",
    Verdict.LIKELY: "bold yellow",
    Verdict.UNKNOWN: "yellow",
    Verdict.ACCEPTED: "",
    Verdict.CLOSED: "bold green",
}
_IN_FRONT = {
    Standing.FRONTED: "a scanner",
    Standing.OWN: "nothing: your own server is the MX",
    Standing.ELSEWHERE: "no scanner that is known",
    Standing.NONE: "nothing: it takes no mail",
    Standing.UNKNOWN: "not known: the DNS did not answer",
}
_STANDINGS = {
    Standing.FRONTED: "behind a scanner",
    Standing.OWN: "with your own server for MX",
    Standing.ELSEWHERE: "with another MX",
    Standing.NONE: "that take no mail",
    Standing.UNKNOWN: "that could not be looked up",
}


def show(screen: Screen, report: Report, most: int) -> None:
    """All of it; of long lists the first `most`."""
    _show_headline(screen, report)
    if len(report.ledger.domains) <= _DOMAINS_IN_DETAIL:
        for domain in sorted(report.ledger.domains):
            screen.line()
            _show_domain(screen, report.ledger.domains[domain])
    shown = report.shown()
    doors = [f for f in shown if f.server and f.verdict is not Verdict.CLOSED]
    _show_doors(screen, doors, most)
    worst = [f for f in doors if f.verdict in (Verdict.OPEN, Verdict.LIKELY) and f.server]
    for number, finding in enumerate(worst[:_IN_DETAIL]):
        proven = report.probed or finding.verdict is Verdict.OPEN
        _show_mend(screen, finding, fixes=number == 0 and proven)
    _show_others(screen, [f for f in shown if not f.server], most)
    if report.remarks:
        screen.line()
    for remark in report.remarks:
        screen.line(remark)


def _show_headline(screen: Screen, report: Report) -> None:
    counts = report.standings()
    several = [f"{counts[each]:,} {text}" for each, text in _STANDINGS.items() if counts[each]]
    every = len(report.ledger.domains)
    screen.line(f"{every:,} domain{'s' * (every != 1)}: {', '.join(several) or 'none'}", "bold")
    servers = report.servers()
    told = [f"{servers[verdict]:,} {verdict}" for verdict in Verdict if servers[verdict]]
    worst = next((verdict for verdict in Verdict if servers[verdict]), Verdict.CLOSED)
    if told:
        count = servers.total()
        screen.line(f"{count:,} server{'s' * (count != 1)}: {', '.join(told)}", _STYLES[worst])
    if report.probed and report.sources:
        screen.line(f"probed from {', '.join(report.sources)}")
    elif not report.probed:
        screen.line("not probed: --probe asks your own servers whether they take the mail")
    if report.partial:
        screen.line(
            f"interrupted: this is a part; {report.not_looked_at:,} domains were not looked at",
            "bold yellow",
        )


def _show_domain(screen: Screen, found: Surveyed) -> None:
    screen.line(found.domain, "bold")
    in_front = " and ".join(found.scanners) if found.scanners else _IN_FRONT[found.standing]
    screen.labelled("in front", in_front)
    label = "MX"
    for host in found.hosts:
        where = "  ".join(map(str, host.addresses)) or "no address"
        whose = host.service or host.part.value
        screen.labelled(label, f"{host.preference} {host.name}  {where}  ({whose})")
        label = ""
    label = "ways in"
    for candidate in found.candidates:
        names = ", ".join(lead.told(found.domain) for lead in candidate.leads)
        screen.labelled(label, f"{candidate.address}  {names}")
        label = ""
    if found.endpoint:
        screen.labelled(label, found.endpoint)


def _show_doors(screen: Screen, doors: Sequence[Finding], most: int) -> None:
    if not doors:
        return
    screen.line()
    screen.line("Servers, those first where one fix shuts most doors", "bold")
    screen.table(
        ("verdict", "server", "domains", "service", "id", "what it does"),
        [
            (
                finding.verdict,
                finding.server,
                len(finding.domains),
                finding.service or None,
                finding.id,
                _what(finding),
            )
            for finding in doors[:most]
        ],
    )
    _more(screen, len(doors) - most)


def _what(finding: Finding) -> str:
    """What the server does, and for whom first."""
    hows = dict.fromkeys(e.at.how for e in finding.at if e.at.verdict is finding.verdict)
    first = finding.domains[0] if finding.domains else ""
    more = f" and {len(finding.domains) - 1:,} more" if len(finding.domains) > 1 else ""
    by = f"; accepted by {finding.waiver.owner}" if finding.waiver else ""
    new = "" if finding.new else " (known before)"
    return f"{'; or '.join(TOLD[how] for how in hows)}: {first}{more}{by}{new}"


def _show_mend(screen: Screen, finding: Finding, *, fixes: bool) -> None:
    screen.line()
    screen.line(f"{finding.verdict} {finding.server}", _STYLES[finding.verdict or Verdict.OPEN])
    for lead in dict.fromkeys(lead for each in finding.at[:1] for lead in each.leads):
        screen.labelled("by", lead)
    for line in finding.evidence[:_EVIDENCE]:
        screen.line(f"  {line}")
    for fix in finding.fixes if fixes else ():
        screen.line(f"to shut it in {fix.of}:", "dim")
        for line in fix.text.split("\n"):
            screen.line(f"  {line}")
    if finding.retest:
        screen.line(f"to test it again: {finding.retest}")


def _show_others(screen: Screen, others: Sequence[Finding], most: int) -> None:
    if not others:
        return
    screen.line()
    screen.line("What else was seen (docs/findings.md explains each code)", "bold")
    screen.table(
        ("severity", "code", "domains", "what"),
        [
            (finding.severity, finding.code, len(finding.domains) or None, finding.text)
            for finding in others[:most]
        ],
    )
    _more(screen, len(others) - most)


def _more(screen: Screen, count: int) -> None:
    if count > 0:
        screen.line(f"  and {count:,} more (--most, or --format json)")
