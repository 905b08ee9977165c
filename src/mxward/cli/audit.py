"""`mxward audit`: which back doors of the operator's domains are open, and the proof."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from mxward.cli.options import config_option, fail, problems, remark
from mxward.networks import Address, Network

__all__ = ["audit"]

_HELP = """Find every back door of the domains of the inventory (or of each DOMAIN), and with
--probe prove whether it is open.

For each domain: what stands in front, and every other name and address at which a mail server may
answer for it. With --probe, your own servers are asked whether they take mail for it, up to RCPT:
never is a message sent. Only your own addresses are ever asked: those in [server],
intercept.servers and audit.networks, and those that --yes-these-are-mine names. Findings are by
server, for one mend shuts the doors of many domains.

OPEN: it takes the mail. LIKELY: nearly sure, not proven. UNKNOWN: it could not be told, and never
counts as shut. CLOSED: it was proven. ACCEPTED: open, by your own word in [[waivers]].

\b
Examples: mxward audit
          mxward audit --probe --format html > audit.html
          mxward audit --probe --format json > now.json
          mxward audit --probe --baseline now.json --only-new
          mxward audit --probe --server 192.0.2.25:25 it.co.za
          mxward audit --history it.co.za

Exit codes: 0 nothing open, 1 failed inside, 2 wrong usage, 3 open back doors, 4 none is open for
sure, but some are likely open or not known, 78 wrong configuration, 130 interrupted before anything
open was found. A report that was interrupted says so.
"""

_FORMATS = ["table", "json", "jsonl", "csv", "html", "sarif", "prometheus"]
_T = TypeVar("_T")


def _reading(read: Callable[[str], _T]) -> Callable[[object, object, object], object]:
    """A callback that reads one text, or each of several."""

    def one(text: str) -> _T:
        try:
            return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    def callback(context: object, parameter: object, value: object) -> object:
        if isinstance(value, tuple):
            return tuple(one(each) for each in value)
        return one(value) if isinstance(value, str) else None

    return callback


def _network(text: str) -> Network:
    from mxward.config import values

    found = values.network(text)
    if found.prefixlen == 0:
        raise ValueError(f'"{text}" is everybody\'s; name the networks that are yours')
    return found


def _domain(text: str) -> str:
    from mxward import domains

    return domains.normal(text)


def _end(text: str) -> object:
    from mxward.cli.audit_given import server_of

    return server_of(text)


@click.command(help=_HELP)
@config_option
@click.option(
    "--domains", "file", metavar="FILE", help="Read domains from FILE, - for standard input."
)
@click.option("--probe", is_flag=True, help="Ask your own servers.")
@click.option(
    "--yes-these-are-mine",
    "yes",
    metavar="NETWORK",
    multiple=True,
    callback=_reading(_network),
    help="A network of yours that may be probed too; repeatable.",
)
@click.option(
    "--server",
    metavar="ADDRESS:PORT",
    callback=_reading(_end),
    help="Look at this server only, as to test it again.",
)
@click.option(
    "--once", is_flag=True, help="Do not come again, after 5 and 30 minutes, where put off."
)
@click.option(
    "--gap",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=2.0,
    show_default=True,
    help="Between two sessions with one address; servers that are one's own bear less.",
)
@click.option(
    "--format",
    "wanted",
    type=click.Choice(_FORMATS),
    default="table",
    show_default=True,
    help="How it is told.",
)
@click.option(
    "--baseline",
    "before",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An earlier report in JSON, to tell what is new.",
)
@click.option("--only-new", is_flag=True, help="Tell only what the baseline does not have.")
@click.option(
    "--history",
    metavar="DOMAIN",
    callback=_reading(_domain),
    help="Tell when the doors of a domain opened and were shut; look at nothing.",
)
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="Rows of each table."
)
@click.argument("names", metavar="[DOMAIN...]", nargs=-1)
def audit(
    path: Path,
    file: str | None,
    probe: bool,
    yes: tuple[Network, ...],
    server: object,
    once: bool,
    gap: float,
    wanted: str,
    before: Path | None,
    only_new: bool,
    history: str | None,
    most: int,
    names: Sequence[str],
) -> None:
    """Look up, probe, judge, print."""
    from mxward.audit.findings import Server
    from mxward.cli import audit_given, audit_kept, audit_telling
    from mxward.cli.audit_report import Wish, report_of
    from mxward.cli.audit_run import Run
    from mxward.config import load

    if history is not None:
        _tell_history(path, history, wanted)
        return
    if only_new and before is None:
        raise click.UsageError("--only-new needs a --baseline FILE to be new to")
    started_at = time.time()
    with problems():
        config = load(path)
        known = audit_given.earlier(before) if before else None
        end = server if isinstance(server, Server) else None
        premises = audit_given.premises(config, yes, end)
        if probe and end is not None and end.address is not None:
            _must_be_mine(end.address, premises.is_mine(end.address))
        listed = audit_given.domains(config, names, file)
        wish = Wish(path, listed, probe, yes, end, once, gap, known, only_new)
        run = Run(config, premises, list(listed.domains), end, **wish.manners(config))
        run.look_up()
        if probe:
            run.probe()
    report = report_of(run, wish, started_at, time.time(), before=audit_kept.front_doors(config))
    kept = audit_kept.keep(config, report)
    for text in audit_telling.telling(report, wanted, most):
        click.echo(text, nl=False)
    if wanted not in ("table", "json", "html"):
        for text in report.remarks:
            remark(text)
    remark(kept)
    sys.exit(report.exit_code())


def _tell_history(path: Path, domain: str, wanted: str) -> None:
    from mxward.cli.audit_kept import show_history
    from mxward.config import load
    from mxward.store.database import StoreError

    if wanted not in ("table", "json"):
        raise click.UsageError("--history has the formats table and json")
    with problems():
        config = load(path)
    try:
        show_history(config, domain, json=wanted == "json")
    except StoreError as error:
        fail(str(error))


def _must_be_mine(address: Address, mine: bool) -> None:
    if not mine:
        raise click.UsageError(
            f"{address} is not yours, as far as the configuration tells, so it is not probed; "
            f'write networks = ["{address}"] in [audit], or --yes-these-are-mine {address}'
        )
