"""A report for programs: as an object of plain values, and as CSV.

Cells of a CSV that a spreadsheet would take for a formula begin with an apostrophe: senders and
HELOs are a stranger's words.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from mxward.maillog.logged import Tally
from mxward.reports.honesty import Client
from mxward.reports.summary import Report, Sender
from mxward.reports.what_if import Stopped, WhatIf

__all__ = ["as_csv", "as_object", "counted", "plain", "senders_csv", "stopped_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CLIENT = [f.name for f in fields(Client) if f.name not in ("helos", "lying")]


def as_object(
    report: Report, what_if: WhatIf | None, tallies: Mapping[str, Tally]
) -> dict[str, Any]:
    """Everything; times are ISO 8601 in UTC."""
    told: dict[str, Any] = {
        "totals": plain(report.totals),
        "doors": {
            door: {"messages": messages, "recipients": recipients}
            for door, (messages, recipients) in report.doors().items()
        },
        "by_day": plain(report.by_day),
        "domains": plain(report.domains),
        "clients": [_sender(sender) for sender in report.senders],
        "logs": {log: counted(tally) for log, tally in tallies.items()},
    }
    if what_if is not None:
        told["what_if"] = plain(what_if)
    return told


def senders_csv(report: Report) -> str:
    """The clients of the back door."""
    rows = (
        (
            *(getattr(s.client, name) for name in _CLIENT),
            s.client.helos[0].name if s.client.helos else None,
            "honest" if s.honest else "not",
            "; ".join(f"{sign.weight:+d} {sign.text}" for sign in s.signs),
        )
        for s in report.senders
    )
    return as_csv([*_CLIENT, "helo", "likely", "signs"], rows)


def stopped_csv(what_if: WhatIf) -> str:
    """What would not have passed, by client and domain."""
    return as_csv(Stopped._fields, what_if.stopped)


def as_csv(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """RFC 4180."""
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(headers)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return told.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _sender(sender: Sender) -> dict[str, Any]:
    told: dict[str, Any] = plain(sender.client)
    return {
        **told,
        "honest": sender.honest,
        "signs": [{"weight": sign.weight, "text": sign.text} for sign in sender.signs],
    }


def counted(tally: Tally) -> dict[str, Any]:
    """How many lines of a log were read, of which kinds."""
    return {
        "lines": tally.lines,
        "told": dict(tally.told),
        "strange": dict(tally.strange),
        "samples": {
            kind: [{"line": number, "text": text} for number, text in samples]
            for kind, samples in tally.samples.items()
        },
    }


def plain(value: Any) -> Any:
    """Of dataclasses, named tuples and times, what JSON knows."""
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(each) for name, each in zip(value._fields, value, strict=True)}
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value
