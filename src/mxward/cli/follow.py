"""`mxward follow`: who comes by the back door, told while the mail server's log grows."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mxward.cli import logs
from mxward.cli.options import config_option, fail, problems, remark
from mxward.cli.screen import Screen

if TYPE_CHECKING:
    from mxward.cli.follow_judge import Judged
    from mxward.cli.follow_output import Output
    from mxward.reports.follow.followed import Followed

__all__ = ["follow"]

_HELP = """Tell who comes by the back door while the mail server's log grows: a line for each
recipient, with what an enforced stage would do, and why. A summary follows at the end (Ctrl-C).

LOG is a log of Exim or Postfix; it need not be there yet. What stands in it already is passed over
the first time, unless --from-start. Afterwards it goes on where it was: through rotation (renamed,
or copied and truncated; compressed or not), through restarts, and when it was killed. Where lines
may be missing it says so.

Front doors are those that the DNS tells now, or that mxward remembers. Nothing is written but to
the state and the output.

\b
Examples: mxward follow /var/log/exim4/mainlog
          mxward follow --all --json /var/log/mail.log | jq .door
          mxward follow --json --output /var/lib/mxward/arrivals.json /var/log/mail.log

With --output each arrival stands in the file once, even where it was killed. On standard output
those of its last second may then come a second time.

Exit codes: 0 fine, 1 failed inside, 2 wrong usage, 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
@logs.log_options
@click.option("--offline", is_flag=True, help="Ask the DNS nothing: only what is remembered.")
@click.option("--all", "every", is_flag=True, help="Tell every arrival, by whatever door.")
@click.option("--json", is_flag=True, help="Print a JSON object in each line, for programs.")
@click.option("--from-start", is_flag=True, help="Begin with what stands in the logs already.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Add to this file instead of printing.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where it keeps how far it is.  [default: follow.json beside the store]",
)
def follow(
    path: Path,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    every: bool,
    json: bool,
    from_start: bool,
    output: Path | None,
    state: Path | None,
) -> None:
    """Put the parts together, and run."""
    logs.need_reports(engine=False)
    from mxward.cli.follow_judge import Judge
    from mxward.cli.follow_loop import Loop
    from mxward.config import load
    from mxward.inventory import Inventory
    from mxward.reports.follow.keeping import Keeper, KeepingError

    with problems():
        config = load(path)
        inventory = Inventory(config.inventory, config.place("inventory")).read().domains
        judge = Judge(config, inventory, offline=offline)
    remark(judge.remark)
    try:
        keeper = Keeper(state or Path(config.store.path).with_name("follow.json"))
    except KeepingError as error:
        fail(str(error))
    followed = _followed(names, zone, keeper.kept, from_start)
    sink = _sink(output, json, keeper.kept)
    loop = Loop(followed, judge, sink, keeper, _telling(every, json))
    try:
        asyncio.run(loop.run())
    except BrokenPipeError:  # whoever was reading has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    loop.sum.show(
        Screen(stderr=json or output is not None), {str(f.path): f.tally for f in followed}
    )


def _followed(
    names: Sequence[str], zone: str | None, kept: dict[str, Any], from_start: bool
) -> list[Followed]:
    from mxward.reports.follow.followed import Followed
    from mxward.reports.zones import zone_named

    found = []
    for path in dict.fromkeys(Path(os.path.abspath(name)) for name in names):  # noqa: PTH100
        if path.is_dir() or not path.parent.is_dir():
            what = "is a directory" if path.is_dir() else "its directory is not there"
            raise click.BadParameter(f"{path}: {what}; name a log", param_hint="LOG")
        try:
            held = kept.get("logs", {}).get(str(path))
            found.append(Followed(path, zone_named(zone), held, from_end=not from_start))
        except ValueError as error:
            fail(f"{path}: how far it was read cannot be understood ({error}); remove the state")
    return found


def _sink(path: Path | None, json: bool, kept: dict[str, Any]) -> Output:
    from mxward.cli.follow_output import File, Output, Terminal

    if path is None:
        return Output() if json else Terminal()
    try:
        return File(path, kept.get("output"))
    except OSError as why:
        fail(f"{path}: cannot be written: {why.strerror}")


def _telling(every: bool, json: bool) -> Any:
    """How an arrival is told, where it is."""
    from mxward.cli.follow_shown import as_line, as_object, style
    from mxward.model import Door

    def told(judged: Judged, log: Followed) -> tuple[str, str] | None:
        if not every and judged.decision.door is not Door.BACK:
            return None
        if json:
            return as_object(judged, str(log.path)), ""
        return as_line(judged), style(judged)

    return told
