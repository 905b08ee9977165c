"""A report in the form that was asked for, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

from mxward.audit.as_data import as_csv, as_json, as_jsonl
from mxward.audit.as_prometheus import as_prometheus
from mxward.audit.as_sarif import as_sarif
from mxward.audit.report import Report
from mxward.cli.audit_shown import show
from mxward.cli.screen import Screen

__all__ = ["telling"]


def telling(report: Report, wanted: str, most: int) -> Iterator[str]:
    """The text; a table goes to the screen by itself."""
    match wanted:
        case "json":
            yield from as_json(report)
        case "jsonl":
            yield from as_jsonl(report)
        case "csv":
            yield as_csv(report)
        case "sarif":
            yield as_sarif(report)
        case "prometheus":
            yield as_prometheus(report)
        case "html":
            from mxward.reports.audit_page import page

            yield page(report)
        case _:
            show(Screen(), report, most)
