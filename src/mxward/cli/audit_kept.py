"""What audits leave in the store, and what they find there: front doors as they were, and when each
door opened and was shut.

Only what servers were seen to do is kept, never what was only supposed. Without a store, or without
the right to write to it, the audit is made all the same, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from mxward.audit.as_data import when
from mxward.audit.changes import Before, as_it_is
from mxward.audit.judging import TOLD, How
from mxward.audit.ledger import Ledger
from mxward.audit.report import Report
from mxward.cli.screen import Screen, as_json
from mxward.config import Config
from mxward.store.audited import AuditRun, DoorSeen, DoorSpan
from mxward.store.database import Store, StoreError

__all__ = ["front_doors", "keep", "show_history"]

_SUPPOSED = (How.MAIL_SERVER, How.OWN_HOST, How.OUTSIDE, How.ENDPOINT, How.NOT_ASKED)


def front_doors(config: Config) -> Mapping[str, Before]:
    """By domain, its front door when it was last looked at; nothing where there is no store."""
    try:
        store = Store.open(config.store.path, read_only=True)
    except StoreError:
        return {}
    try:
        return store.audited.fronts()
    except StoreError:
        return {}
    finally:
        store.close()


def keep(config: Config, report: Report) -> str:
    """Keep what was found; says why where it could not be, in a line."""
    path = Path(config.store.path)
    if not path.exists() and not report.probed:
        return ""
    if not path.exists():  # one that is made here would belong to whoever types this
        return f"this audit is not kept: {path}: there is no store yet; `mxward serve` makes it"
    ledger = report.ledger
    run = AuditRun(
        report.started_at,
        report.finished_at,
        len(ledger.domains),
        report.probed,
        report.partial,
        " ".join(report.sources),
    )
    try:
        store = Store.open(path)
        try:
            store.audited.keep(run, _doors(ledger), _fronts(ledger))
        finally:
            store.close()
    except StoreError as error:
        return f"this audit is not kept: {error}"
    return ""


def _doors(ledger: Ledger) -> Iterator[DoorSeen]:
    for entry in ledger.entries():
        for domain in sorted(entry.at):
            at = entry.at[domain]
            if at.how not in _SUPPOSED:
                server = entry.server
                yield DoorSeen(domain, server.host, server.port, at.verdict.value, at.how.value)


def _fronts(ledger: Ledger) -> Iterator[tuple[str, Before]]:
    for domain, found in ledger.domains.items():
        front = as_it_is(found)
        if front is not None:
            yield domain, front


def show_history(config: Config, domain: str, *, json: bool) -> None:
    """Tell when the doors of a domain opened and were shut. Raises StoreError."""
    store = Store.open(config.store.path, read_only=True)
    try:
        spans, runs = store.audited.history(domain), store.audited.runs(1)
    finally:
        store.close()
    if json:
        told = [
            {**span._asdict(), "first_at": when(span.first_at), "last_at": when(span.last_at)}
            for span in spans
        ]
        click.echo(as_json({"domain": domain, "doors": told}))
        return
    screen = Screen()
    screen.line(domain, "bold")
    if not spans:
        screen.line("No audit has seen what a server does with mail for it; run one with --probe.")
    else:
        screen.table(
            ("first seen", "last seen", "server", "verdict", "what it did"), map(_row, spans)
        )
    if runs:
        screen.line(f"the newest audit ended on {_minute(runs[0].finished_at)} UTC")


def _row(span: DoorSpan) -> tuple[object, ...]:
    host = f"[{span.server}]" if ":" in span.server else span.server
    known = span.how in set(How)
    told = TOLD[How(span.how)] if known else span.how
    ends = f"{host}:{span.port}"
    return _minute(span.first_at), _minute(span.last_at), ends, span.verdict, told


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"
