"""The commands. Each is a short module of its own, loaded only when it is called.

To add one: a module, and a line in `_COMMANDS`.
"""

from __future__ import annotations

import click

from mxward import __version__
from mxward.cli.lazy import Lazy

__all__ = ["main"]

_COMMANDS = {
    # name: (where it is, what --help says of it)
    "audit": ("audit:audit", "Find every back door, and prove whether it is open."),
    "check-config": ("check_config:check_config", "Find every mistake in the configuration."),
    "compare": ("compare:compare", "Compare the five ways to shut the back door, by your logs."),
    "demo": ("demo:demo", "Show mxward at work in a miniature internet on loopback."),
    "door": ("door:door", "Show the front doors of domains."),
    "explain": ("explain:explain", "Tell what would be done with mail, and why."),
    "follow": ("follow:follow", "Tell who comes by the back door while a mail log grows."),
    "ingest": ("ingest:ingest", "Write what logs tell of arrivals into a table."),
    "intercept": ("intercept:intercept", "Let the kernel hand mxward other servers' connections."),
    "lockdown": ("lockdown:lockdown", "Close the door without a proxy, by files to apply."),
    "policyd": ("policyd:policyd", "Answer Postfix and Exim about each recipient."),
    "report": ("report:report", "Tell from mail logs who uses which door."),
    "serve": ("serve:serve", "Stand before the mail server, and answer its clients."),
    "stage": ("stage:stage", "Show and set how far domains have come."),
    "status": ("status:status", "Tell how the running proxy stands."),
    "trust": ("trust:trust", "Show and change which clients may use the back door."),
}

_HELP = """Every message to a domain goes in by its front door.

mxward stands before a mail server, and sends mail that comes in by the back door, past the scanner
that the domain's MX names, to the front door.
"""

_EPILOG = """\b
Exit codes:
  0   fine
  1   failed inside
  2   wrong usage
  78  wrong configuration
"""


_PLACES = dict(sorted(_COMMANDS.items()))


@click.command(
    cls=Lazy,
    places=_PLACES,
    heading="Commands",
    help=_HELP,
    epilog=_EPILOG,
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="mxward")
def main() -> None:
    """Hand over to a command."""
