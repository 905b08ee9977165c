"""`mxward lockdown microsoft365` and `google`: mailboxes that somebody else hosts."""

from __future__ import annotations

import click

from mxward.cli.lockdown_again import again
from mxward.cli.lockdown_options import CODES, NAMED, Asked, lockdown_options
from mxward.cli.lockdown_run import run
from mxward.config import Config
from mxward.config.names import certificate_name
from mxward.lockdown import google as gmail
from mxward.lockdown import microsoft
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Written

__all__ = ["google", "microsoft365"]

_MICROSOFT = f"""Write what restricts Microsoft 365 to mail from the scanner in front: PowerShell.

One folder for all tenants: connectors.ps1 has the domains and the scanners, by their certificate
where one is configured (or given), else by their addresses, and the three scripts test, enforce and
roll back.
Domains at stage observe are watched only. NOT TRIED: mxward's makers had no tenant to run it in.

{NAMED}
\b
Examples: mxward lockdown microsoft365 --out m365
          mxward lockdown microsoft365 --certificate "mimecast=*.mimecast.com" it.co.za
          mxward lockdown microsoft365 --check

{CODES}"""
_GOOGLE = f"""Write the steps that restrict Google Workspace to mail from the scanner in front.

They are for a whole account, so name its domains, all of them. To reject all other mail is among
the steps only where every domain has a scanner in front and a stage that defers or refuses. NOT
TRIED: mxward's makers had no account to try it in.

\b
Examples: mxward lockdown google --domains customer.txt --out customer
          mxward lockdown google --domains customer.txt --check --installed customer

{CODES}"""


def _certificates(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        scanner, _, name = text.rpartition("=")
        try:
            found[scanner] = (certificate_name(name),)
        except ValueError as why:
            raise click.BadParameter(str(why), context, option) from None
        if not scanner:
            raise click.BadParameter(f"{text!r}: write SCANNER=NAME", context, option)
    return found


@click.command(help=_MICROSOFT)
@lockdown_options("microsoft365", "/etc/mxward/microsoft365")
@click.option(
    "--certificate",
    "given",
    metavar="SCANNER=NAME",
    multiple=True,
    callback=_certificates,
    help="The certificate that a scanner shows, where mxward itself need not know it; repeatable.",
)
def microsoft365(asked: Asked, given: dict[str, tuple[str, ...]]) -> None:
    """Write, by the certificates that are known."""

    def scripts(found: Plan, config: Config, _: Ledger) -> Written:
        fronting = {name for group in found.groups for name in group.scanners}
        unknown = given.keys() - fronting
        if unknown:
            raise ValueError(
                f"--certificate: {min(unknown)} stands in front of none of the domains"
            )
        shown = {name: scanner.certificates for name, scanner in config.scanners.items()}
        options = (
            word for name, (c,) in given.items() for word in ("--certificate", f"{name}={c}")
        )
        return microsoft.write(found, shown | given, again("microsoft365", asked, options))

    run(asked, scripts)


@click.command(help=_GOOGLE)
@lockdown_options("google", "/etc/mxward/google", is_all=True)
def google(asked: Asked) -> None:
    """Write the steps."""
    run(asked, lambda found, config, before: gmail.write(found, again("google", asked)))
