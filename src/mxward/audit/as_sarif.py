"""A report as SARIF 2.1.0 (OASIS), as code hosts and security dashboards read it.

One result for each finding, so one for each server: OPEN and LIKELY fail, UNKNOWN is `open` (not
enough is known), CLOSED passes, what is accepted is suppressed by its waiver. The place is the
configuration file, for a server has no line of code; its end is the logical location.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from mxward import __version__
from mxward.audit.as_data import when
from mxward.audit.codes import KINDS, Code, Severity
from mxward.audit.findings import Finding
from mxward.audit.judging import Verdict
from mxward.audit.report import Report

__all__ = ["as_sarif"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.NOTE: "note",
}
_MOST_EVIDENCE = 40
_RULES = {code: number for number, code in enumerate(KINDS)}


def as_sarif(report: Report) -> str:
    """The whole log, with one run."""
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "mxward",
                "semanticVersion": _version(),
                "version": __version__,
                "rules": [_rule(code) for code in KINDS],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.partial,
                "commandLine": report.command,
                "startTimeUtc": when(report.started_at),
                "endTimeUtc": when(report.finished_at),
                "exitCode": report.exit_code(),
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": text}} for text in report.remarks
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding) for finding in report.shown()],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _version() -> str:
    """As semantic versions are written."""
    return ".".join(__version__.split(".")[:3])


def _rule(code: Code) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "id": code.value,
        "name": "".join(word.capitalize() for word in code.value.split("-")[1:]),
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.title},
        "help": {"text": f"docs/findings.md, section {code.value}"},
        "defaultConfiguration": {"level": _LEVELS[kind.severity]},
    }


def _result(report: Report, finding: Finding) -> dict[str, Any]:
    kind, level = _kind(finding)
    told: dict[str, Any] = {
        "ruleId": finding.code.value,
        "ruleIndex": _RULES[finding.code],
        "kind": kind,
        "level": level,
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(report.config)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": finding.subject, "kind": "resource"},
                ],
            }
        ],
        "partialFingerprints": {"mxwardFindingId/v1": finding.id},
        "properties": {
            "verdict": finding.verdict.value if finding.verdict else None,
            "domains": list(finding.domains),
            "evidence": list(finding.evidence[:_MOST_EVIDENCE]),
            "retest": finding.retest or None,
        },
    }
    if report.baseline:
        told["baselineState"] = "new" if finding.new else "unchanged"
    if finding.waiver is not None:
        waiver = finding.waiver
        word = f"accepted by {waiver.owner}: {waiver.note} ({waiver.place})"
        told["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": word},
        ]
    return told


def _kind(finding: Finding) -> tuple[str, str]:
    """3.27.9 and 3.27.10: what did not fail has no level."""
    match finding.verdict:
        case Verdict.UNKNOWN:
            return "open", "none"
        case Verdict.CLOSED:
            return "pass", "none"
    return "fail", _LEVELS[finding.severity]


def _message(finding: Finding) -> str:
    mend = f" Test it again: {finding.retest}" if finding.retest else ""
    return f"{KINDS[finding.code].title}. {finding.text}.{mend}"
