"""A report as plain data, for programs: JSON in one piece, JSON line by line, CSV.

The form of the JSON has a number (`schema`); what is added to it does not change that. Texts are
given out piece by piece, so that a hundred thousand domains need not be held twice.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mxward.audit.baseline import SCHEMA
from mxward.audit.findings import AtServer, Finding
from mxward.audit.judging import Verdict
from mxward.audit.report import Report
from mxward.audit.survey import Surveyed

__all__ = ["as_csv", "as_json", "as_jsonl", "domain_object", "finding_object", "when"]

_COLUMNS = (
    "id",
    "code",
    "severity",
    "verdict",
    "server",
    "service",
    "domains",
    "first domains",
    "text",
    "new",
    "owner",
    "expires",
    "retest",
)
_FIRST = 5
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def as_json(report: Report) -> Iterator[str]:
    """One object; `findings` and `domains` have one element a line."""
    head = json.dumps(_head(report), indent=2).removesuffix("\n}")
    yield f"{head},\n"
    yield from _list("findings", map(finding_object, report.shown()))
    yield ",\n"
    yield from _list("domains", (domain_object(d) for d in _domains(report)))
    yield "\n}\n"


def as_jsonl(report: Report) -> Iterator[str]:
    """A line for each: the summary first, then findings, then domains; `is` says what it is."""
    yield _line({"is": "summary", **_head(report)})
    for finding in report.shown():
        yield _line({"is": "finding", **finding_object(finding)})
    for found in _domains(report):
        yield _line({"is": "domain", **domain_object(found)})


def as_csv(report: Report) -> str:
    """A row for each finding. Nothing in it can be a formula to a spreadsheet."""
    text = _Written()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    for each in report.shown():
        expires = when(each.waiver.expires) if each.waiver and each.waiver.expires else ""
        rows.writerow(
            map(
                _cell,
                (
                    each.id,
                    each.code.value,
                    each.severity.value,
                    each.verdict.value if each.verdict else "",
                    str(each.server or ""),
                    each.service,
                    str(len(each.domains)),
                    " ".join(each.domains[:_FIRST]),
                    each.text,
                    "yes" if each.new else "no",
                    each.waiver.owner if each.waiver else "",
                    expires,
                    each.retest,
                ),
            )
        )
    return "".join(text.lines)


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding, for programs."""
    server = finding.server
    return {
        "id": finding.id,
        "code": finding.code.value,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value if finding.verdict else None,
        "subject": finding.subject,
        "text": finding.text,
        "new": finding.new,
        "server": {"host": server.host, "port": server.port} if server else None,
        "service": finding.service or None,
        "domains": list(finding.domains),
        "at": [_at_object(each) for each in finding.at],
        "evidence": list(finding.evidence),
        "fixes": [{"of": fix.of, "text": fix.text} for fix in finding.fixes],
        "retest": finding.retest or None,
        "waiver": _waiver_object(finding),
    }


def domain_object(found: Surveyed) -> dict[str, Any]:
    """A domain's front door, and where else mail for it may be taken, for programs."""
    return {
        "domain": found.domain,
        "standing": found.standing.value,
        "scanners": list(found.scanners),
        "mx": [
            {
                "preference": host.preference,
                "name": host.name,
                "addresses": [str(address) for address in host.addresses],
                "part": host.part.value,
                "service": host.service or None,
                "declared": host.declared,
            }
            for host in found.hosts
        ],
        "candidates": [
            {
                "address": str(candidate.address),
                "leads": [lead.told(found.domain) for lead in candidate.leads],
            }
            for candidate in found.candidates
        ],
        "endpoint": found.endpoint or None,
        "wildcard": found.wildcard,
        "failed": [f"{question.kind} {question.name}" for question in found.failed],
    }


def when(at: float) -> str:
    """A time, as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Written:
    """What a csv.writer has written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)


def _head(report: Report) -> dict[str, Any]:
    servers = report.servers()
    return {
        "schema": SCHEMA,
        "started_at": when(report.started_at),
        "finished_at": when(report.finished_at),
        "probed": report.probed,
        "probed_from": list(report.sources),
        "partial": report.partial,
        "not_looked_at": report.not_looked_at,
        "only_new": report.only_new,
        "exit_code": report.exit_code(),
        "servers": {verdict.value: servers[verdict] for verdict in Verdict},
        "standings": {standing.value: n for standing, n in report.standings().items()},
        "codes": {code.value: count for code, count in sorted(report.codes().items())},
        "remarks": list(report.remarks),
    }


def _at_object(each: AtServer) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "domain": each.domain,
        "verdict": each.at.verdict.value,
        "how": each.at.how.value,
    }
    return told | ({"leads": list(each.leads)} if each.leads else {})


def _waiver_object(finding: Finding) -> dict[str, Any] | None:
    waiver = finding.waiver
    if waiver is None:
        return None
    return {
        "owner": waiver.owner,
        "note": waiver.note,
        "expires": when(waiver.expires) if waiver.expires is not None else None,
        "place": waiver.place,
    }


def _domains(report: Report) -> Iterator[Surveyed]:
    for domain in sorted(report.ledger.domains):
        yield report.ledger.domains[domain]


def _list(name: str, elements: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f'  "{name}": ['
    before = "\n    "
    for element in elements:
        yield before + json.dumps(element)
        before = ",\n    "
    yield "\n  ]" if before.startswith(",") else "]"


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told) + "\n"


def _cell(text: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
