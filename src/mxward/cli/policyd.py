"""`mxward policyd`: answers Postfix and Exim about each recipient, by the proxy's own rule."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from mxward.cli.options import config_option, problems

__all__ = ["policyd"]

_HELP = """Answer mail servers that ask about each recipient: Postfix by its policy delegation
protocol, Exim by readsocket. For those who keep their mail server in front: one line in main.cf, or
a few in an ACL, and all domains are done, with live DNS, trust and stages, and without a proxy.

It never grants anything: it says DUNNO, a 4xx or a 5xx. The stage reroute defers here, for no
message can be handed on. When mxward itself fails, it says what policyd.fail says (dunno: the mail
server goes on as before), loudly in the log.

Runs in the foreground until SIGTERM or SIGINT. SIGHUP reloads the configuration (not where it
listens). What mxward trust and mxward stage say is heard within a second.

\b
Example: mxward policyd --config /etc/mxward/mxward.toml
and in Postfix's main.cf, behind permit_sasl_authenticated:
  check_policy_service { inet:127.0.0.1:10040, default_action=DUNNO }

Exit codes: 0 stopped as asked, 1 inside failure, 2 wrong usage, 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
def policyd(path: Path) -> None:
    """Read everything that may be wrong first, then listen."""
    import uvloop

    from mxward.cli.policyd_loaded import listeners, read
    from mxward.cli.policyd_serving import serve
    from mxward.config import load
    from mxward.policyd.service import remove_left_over

    with problems():
        loaded = read(load(path))
        opened = listeners(loaded.config)
        try:
            uvloop.run(serve(path, loaded, opened))
        finally:
            for listener in opened:
                listener.close()
            if loaded.config.policyd.socket:
                with suppress(OSError):
                    remove_left_over(Path(loaded.config.policyd.socket))
