"""`mxward ingest`: logs -> the table of arrivals as Parquet, to be asked later and elsewhere."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mxward.cli import logs
from mxward.cli.options import fail, json_option, remark
from mxward.cli.screen import Screen, as_json

if TYPE_CHECKING:
    from mxward.reports.ingest import Outcome

__all__ = ["ingest"]

_HELP = """Write what mail logs tell of arrivals into a table, for reports on months and on many
hosts.

LOG is a log of Exim (mainlog, rejectlog) or Postfix, plain or compressed (gz, xz, zst, bz2), a
journal as `journalctl -o export` writes it, or - for standard input. DIR is new, empty, or a table
already. Every command that takes logs takes it too.

Each mail host can read its own logs and send the table's files to one place. A log is known by how
it begins: read again, grown, renamed or compressed by rotation, it replaces its own rows. Nothing
else in the table is touched, and what is stopped half-way leaves it as it was.

\b
Examples: mxward ingest /var/log/exim4/mainlog* --to /var/lib/mxward/arrivals
          journalctl -u postfix@- -o export | mxward ingest - --to arrivals --host mx1

Exit codes: 0 fine, 1 a log could not be read to its end (what could be is in the table), or the
table cannot be written, 2 wrong usage, 130 stopped by Ctrl-C.
"""

_STOPPED = 128  # and the number of the signal, as shells have it
_HOST = re.compile(r"[^\s\x00-\x1f\x7f/]{1,255}")


def _host(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not _HOST.fullmatch(name):
        raise click.BadParameter(f"{name!r} is no name of a host", context, option)
    return name


@click.command(help=_HELP)
@logs.log_options
@click.option(
    "--to",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="The table.",
)
@click.option(
    "--host",
    metavar="NAME",
    callback=_host,
    help="Who wrote the logs, where they do not say so: needed where several hosts share a table.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="In how many processes to read, where that is worth while.",
)
@json_option
def ingest(
    names: Sequence[str],
    zone: str | None,
    directory: Path,
    host: str | None,
    jobs: int,
    json: bool,
) -> None:
    """Read, write, sum up."""
    logs.need_reports(engine=False)
    from mxward.cli.progress import reading
    from mxward.reports import ingest as taking_in
    from mxward.reports.parquet import NoTable, TableError

    try:
        with _stoppable(), reading("logs") as heard:
            outcome = taking_in.ingest(
                names,
                directory,
                zone=taking_in.zone_named(zone),
                host=host,
                jobs=jobs,
                progress=heard,
            )
    except NoTable as why:
        raise click.BadParameter(str(why), param_hint="'--to'") from why
    except TableError as why:
        fail(str(why))
    except KeyboardInterrupt:
        remark("stopped; what was not read to its end is not in the table")
        sys.exit(_STOPPED + signal.SIGINT)
    if json:
        click.echo(as_json(_as_object(directory, outcome)))
    else:
        _show(directory, outcome)
    for text in outcome.remarks:
        remark(text)
    logs.finish(outcome.problems)


@contextmanager
def _stoppable() -> Iterator[None]:
    """What is half done is cleared away by SIGTERM too."""
    before = signal.signal(signal.SIGTERM, _stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(number: int, _: object) -> NoReturn:
    sys.exit(_STOPPED + number)


def _as_object(directory: Path, outcome: Outcome) -> dict[str, Any]:
    from mxward.reports.as_data import counted

    return {
        "table": str(directory),
        "lines": sum(tally.lines for tally in outcome.tallies.values()),
        "rows": dict(outcome.rows),
        "days": sorted(outcome.days),
        "logs": {log: counted(tally) for log, tally in outcome.tallies.items()},
        "problems": outcome.problems,
        "remarks": outcome.remarks,
    }


def _show(directory: Path, outcome: Outcome) -> None:
    from mxward.cli.report_shown import show_tallies

    screen, rows, days = Screen(), outcome.rows, sorted(outcome.days)
    screen.line(f"{rows.total():,} rows are in {directory} of what was read", "bold")
    screen.labelled("accepted", f"{rows['accepted']:,} recipients")
    screen.labelled("rejected", f"{rows['rejected']:,} attempts")
    screen.labelled("deferred", f"{rows['deferred']:,} attempts")
    if days:
        span = days[0] if len(days) == 1 else f"{len(days):,}, from {days[0]} to {days[-1]}"
        screen.labelled("days", f"{span} (UTC)")
    show_tallies(screen, outcome.tallies)
