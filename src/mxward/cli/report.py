"""`mxward report`: who uses which door, by the operator's own logs, and what a stage had done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from mxward.cli import logs
from mxward.cli.options import config_option, remark
from mxward.cli.screen import Screen, as_json
from mxward.model import Stage

__all__ = ["report"]

_HELP = """Tell from mail logs who uses which door: how much mail came past the scanner, for whom,
from which clients, and which of those look honest.

LOG is a log of Exim (mainlog, rejectlog) or Postfix, plain or compressed (gz, xz, zst, bz2), a
journal as `journalctl -o export` writes it, - for standard input, or a directory that `mxward
ingest` has written. Front doors are those that mxward remembers for the time of each message, else
those of today; it says which.

With --what-if, the rule of the live proxy is replayed over the past with that stage for every
domain: what would have been stopped, from whom, for whom, and how much of it looks honest, one by
one.

\b
Examples: mxward report /var/log/exim4/mainlog*
          mxward report --what-if refuse --format html /var/log/mail.log* > report.html
          journalctl -u postfix@- -o export | mxward report -

CSV has the clients of the back door; with --what-if, what would not have passed.

Exit codes: 0 fine, 1 a log could not be read to its end (what could be is told), 2 wrong usage, 78
wrong configuration.
"""

_STAGES = [stage.value for stage in Stage if stage is not Stage.OBSERVE]


@click.command(help=_HELP)
@config_option
@logs.options
@click.option("--what-if", "stage", type=click.Choice(_STAGES), help="Replay with this stage.")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(["table", "json", "csv", "html"]),
    default="table",
    show_default=True,
    help="How it is told.",
)
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="Rows of each table."
)
def report(
    path: Path,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    cluster: str | None,
    stage: str | None,
    wanted: str,
    most: int,
) -> None:
    """Read, judge, sum up, print."""
    logs.need_reports(cluster)
    from mxward.cli import judging, report_shown
    from mxward.reports import as_data
    from mxward.reports.summary import summarise
    from mxward.reports.what_if import what_if

    supposed = Stage(stage) if stage else None
    with judging.judged(path, names, zone, offline, cluster, supposed) as told:
        summary = summarise(told.engine, told.inventory, most_domains=max(most, 50))
        past = what_if(told.engine, supposed, max(most, 1_000)) if supposed else None
    if wanted == "json":
        found = as_data.as_object(summary, past, told.tallies)
        click.echo(as_json({**found, "front_doors": told.rests_on(), "remarks": told.remarks}))
    elif wanted == "csv":
        text = as_data.stopped_csv(past) if past else as_data.senders_csv(summary)
        click.echo(text, nl=False)
    elif wanted == "html":
        from mxward.reports.html import page

        made_at = datetime.now(UTC)
        click.echo(page(summary, past, told.tallies, made_at=made_at, remarks=told.remarks))
    else:
        screen = Screen()
        report_shown.show(screen, summary, most)
        if past:
            report_shown.show_what_if(screen, past, most)
        report_shown.show_tallies(screen, told.tallies)
        screen.line()
        for text in told.remarks:
            screen.text(text)
    if wanted not in ("table", "json", "html"):
        for text in told.remarks:
            remark(text)
    logs.finish(told.problems)
