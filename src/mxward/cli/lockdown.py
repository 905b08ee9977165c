"""`mxward lockdown`: the other four ways to close the door, as files to review and apply."""

from __future__ import annotations

import click

from mxward.cli.lazy import Lazy

__all__ = ["lockdown"]

_WAYS = {
    # name: (where it is, what --help says of it)
    "exim": ("lockdown_exim:exim", "Accept rules for Exim."),
    "postfix": ("lockdown_postfix:postfix", "Accept rules for Postfix."),
    "nftables": ("lockdown_nftables:nftables", "A firewall: nftables."),
    "dns": ("lockdown_dns:dns", "Dropping guessable names, or moving the mail server."),
    "microsoft365": ("lockdown_hosted:microsoft365", "Microsoft 365 behind another scanner."),
    "google": ("lockdown_hosted:google", "Google Workspace behind another scanner."),
}

_HELP = """Write the rules that close the back door without a proxy, for all domains at once.

Nothing is applied: files are written for you to review, and a README with the steps in order, to
apply, to check, and to roll back. Nothing that is written grants anybody anything: it only warns,
defers and denies. Run it again when front doors move (from cron): only what changed is written
anew, and where a front door cannot be known, the rule that was there stays. Name domains, and only
their rules are touched (but for nftables and google, which know no domains: those named are all).

\b
Examples: mxward lockdown exim --out /root/exim
          mxward lockdown nftables --check

Exit codes: 0 done, 1 failed inside, 2 wrong usage, 3 done, but old rules stay for some domains,
4 what is installed is not what would be written (--check, --diff), 78 wrong configuration.
"""


@click.command(
    cls=Lazy,
    places=_WAYS,
    heading="Ways",
    help=_HELP,
    no_args_is_help=True,
    subcommand_metavar="WAY [OPTIONS]",
)
def lockdown() -> None:
    """Hand over to a way."""
