"""A report as a text file of metrics, for the textfile collector of Prometheus's node exporter.

Put it in its place whole: write beside it, then rename. Servers are named only where a door is open
or likely open, the worst first, and a bounded number of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from mxward.audit.codes import KINDS
from mxward.audit.judging import Verdict
from mxward.audit.report import Report

__all__ = ["as_prometheus"]

_MOST_SERVERS = 500


def as_prometheus(report: Report) -> str:
    """All metrics."""
    servers, standings, codes = report.servers(), report.standings(), report.codes()
    lines = [
        *_metric(
            "servers",
            "Servers where mail for a domain may be taken, by verdict.",
            (({"verdict": verdict.value}, servers[verdict]) for verdict in Verdict),
        ),
        *_metric(
            "doors",
            "Pairs of a domain and a server, by verdict.",
            (({"verdict": verdict.value}, count) for verdict, count in _doors(report).items()),
        ),
        *_metric(
            "domains",
            "Domains by what stands in front of them.",
            (({"standing": each.value}, count) for each, count in standings.items()),
        ),
        *_metric(
            "findings",
            "Findings by code.",
            (
                ({"code": code.value, "severity": kind.severity.value}, codes[code])
                for code, kind in KINDS.items()
            ),
        ),
        *_metric(
            "open_server_domains",
            "Domains whose back door is open, or likely open, at a server.",
            _open_servers(report),
        ),
        *_metric(
            "new_findings",
            "Findings that the baseline does not have.",
            [({}, sum(finding.new for finding in report.findings) if report.baseline else 0)],
        ),
        *_metric("complete", "Whether it came to its end.", [({}, int(not report.partial))]),
        *_metric("probed", "Whether servers were probed.", [({}, int(report.probed))]),
        *_metric(
            "finished_timestamp_seconds", "When it ended.", [({}, round(report.finished_at, 3))]
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _doors(report: Report) -> Mapping[Verdict, int]:
    found = Counter(each.at.verdict for finding in report.findings for each in finding.at)
    return {verdict: found[verdict] for verdict in Verdict}


def _open_servers(report: Report) -> Iterator[tuple[Mapping[str, str], float]]:
    shown = 0
    for finding in report.findings:
        worst = finding.verdict in (Verdict.OPEN, Verdict.LIKELY)
        if finding.server is not None and finding.verdict and worst and shown < _MOST_SERVERS:
            shown += 1
            labels = {"server": str(finding.server), "verdict": finding.verdict.value}
            yield labels, len(finding.domains)


def _metric(
    name: str, told: str, samples: Iterable[tuple[Mapping[str, str], float]]
) -> Iterator[str]:
    full = f"mxward_audit_{name}"
    yield f"# HELP {full} {told}"
    yield f"# TYPE {full} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{full}{{{inside}}} {value}" if inside else f"{full} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
