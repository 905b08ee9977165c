"""`mxward compare`: the five ways to shut the back door, by the operator's own logs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from mxward.cli import logs
from mxward.cli.options import config_option, json_option
from mxward.cli.screen import Screen, as_json

__all__ = ["compare"]

_HELP = """Compare the five ways to shut the back door by what mail logs tell: accept rules in the
mail server, a firewall, dropping A records, moving the server, and a proxy.

For each: how much of the back-door mail it stops, how much mail that looks honest it loses, how
many domains and DNS records must be changed, which doors it leaves open, and what must be kept up
by hand; and what to do, with the reasons. LOG is as for `mxward report`.

\b
Examples: mxward compare /var/log/exim4/mainlog*
          mxward compare --json /var/lib/mxward/arrivals

Exit codes: 0 fine, 1 a log could not be read to its end (what could be is told), 2 wrong usage, 78
wrong configuration.
"""


@click.command(help=_HELP)
@config_option
@json_option
@logs.options
def compare(
    path: Path,
    json: bool,
    names: Sequence[str],
    zone: str | None,
    offline: bool,
    cluster: str | None,
) -> None:
    """Read, judge, compare, print."""
    logs.need_reports(cluster)
    from mxward.cli import comparison_shown, judging, leading, resolving
    from mxward.cli.progress import counting
    from mxward.networks import address
    from mxward.reports import as_data
    from mxward.reports import compare as ways
    from mxward.reports.summary import senders

    with judging.judged(path, names, zone, offline, cluster) as told:
        senders(told.engine, told.inventory)
        leads = None
        if not offline:
            interfaces = told.engine.ask("interfaces")["interface"].to_pylist()
            servers = frozenset(told.rules.own or map(address, interfaces))
            fronted = sorted(ways.fronted_by(told.asked.doors))
            with counting("names") as progress:
                leads = asyncio.run(
                    leading.leading(fronted, servers, resolving.resolver(told.config), progress)
                )
        comparison = ways.compare(told.engine, told.rules, told.asked.doors, leads)
    if json:
        click.echo(as_json({**as_data.plain(comparison), "remarks": told.remarks}))
    else:
        screen = Screen()
        comparison_shown.show(screen, comparison)
        screen.line()
        for text in told.remarks:
            screen.text(text)
    logs.finish(told.problems)
