"""`mxward lockdown exim`: accept rules for Exim."""

from __future__ import annotations

import click

from mxward.cli.lockdown_again import again
from mxward.cli.lockdown_options import CODES, NAMED, Asked, lockdown_options
from mxward.cli.lockdown_run import run
from mxward.lockdown import exim as rules
from mxward.lockdown.exim import For, Kind

__all__ = ["exim"]

_HELP = f"""Write accept rules for Exim: statements for the ACL of RCPT, and the tables they read.

Exim reads new tables by itself: with --out naming the folder where they are installed, cron keeps
them true.

{NAMED}
\b
Examples: mxward lockdown exim --out /root/exim
          mxward lockdown exim --for debian --check

{CODES}"""


@click.command(help=_HELP)
@lockdown_options("exim", "/etc/exim4/mxward")
@click.option(
    "--tables",
    "kind",
    type=click.Choice([str(each) for each in Kind]),
    default=str(Kind.CDB),
    show_default=True,
    help="How domains are looked up.",
)
@click.option(
    "--for",
    "variant",
    type=click.Choice([str(each) for each in For]),
    default=str(For.EXIM),
    show_default=True,
    help="Whose Exim it is; only the steps differ.",
)
def exim(asked: Asked, kind: str, variant: str) -> None:
    """Write, or compare."""
    installed = str(asked.installed)
    more = ["--tables", kind] if kind != Kind.CDB else []
    more += ["--for", variant] if variant != For.EXIM else []
    command = again("exim", asked, more)
    how = Kind(kind), For(variant), command
    run(asked, lambda plan, *_: rules.write(plan.groups, installed, *how))
