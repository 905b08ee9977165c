"""`mxward demo`: mxward at work in a miniature internet on loopback."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from random import SystemRandom
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mxward.demo.play import Row

__all__ = ["demo"]

ALL = tuple(range(1, 10))
INTERRUPTED = 130  # as a shell says of what SIGINT ended

_HELP = """Show mxward at work in a miniature internet on loopback.

A name server, two scanners, a mail server and mxward before it are started on addresses of
127.0.0.0/8; nothing needs root, a configuration or the network. Nine scenes are played and printed
as SMTP transcripts, then what was expected is compared with what was seen. The ninth is played
between two machines that are network namespaces, with nftables; where there are none, it says so.

\b
Scenes:   1 the worm, observed     5 who may pass
          2 the worm, rerouted     6 DNS goes away
          3 honest mail            7 the mail server goes away
          4 defer and refuse       8 a stranger wants to relay
          9 nothing on the mail server is changed

\b
Examples: mxward demo
          mxward demo --scene 1 --scene 2 --stay

Exit codes: 0 all as expected, 1 something differs or could not be started, 2 wrong usage,
130 interrupted.
"""


@click.command(help=_HELP)
@click.option(
    "--scene", "scenes", type=click.IntRange(1, 9), multiple=True, help="Play this one; repeatable."
)
@click.option("--stay", is_flag=True, help="Leave everything running, to try it by hand.")
@click.option("--json", "as_json", is_flag=True, help="Print the table alone, as JSON.")
def demo(scenes: tuple[int, ...], stay: bool, as_json: bool) -> None:
    """Wire the scenes to what prints them."""
    if stay and as_json:
        raise click.UsageError("--stay and --json exclude each other")
    if find_spec("aiosmtpd") is None:
        raise click.ClickException("the demo needs aiosmtpd: pip install 'mxward[demo]'")
    sys.exit(_run(tuple(sorted(set(scenes))) or ALL, stay, as_json))


def _run(scenes: Sequence[int], stay: bool, as_json: bool) -> int:
    # the extra `demo` may be missing until here
    from mxward.demo import report
    from mxward.demo.process import DemoError
    from mxward.demo.show import show

    seen: list[Row] = []
    console = report.console()

    def at_end(rows: Sequence[Row]) -> None:
        seen.extend(rows)
        if as_json:
            click.echo(report.as_json(rows))
        else:
            report.table(rows, console)

    async def main() -> None:
        task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)  # type: ignore[union-attr]
        write = (lambda line: None) if as_json else report.Printer(console)
        await show(scenes, SystemRandom(), write, at_end=at_end, stay=stay)

    try:
        asyncio.run(main())
    except DemoError as error:
        raise click.ClickException(str(error)) from None
    except asyncio.CancelledError:
        if not seen:
            return INTERRUPTED
    return 0 if seen and all(row.good for row in seen) else 1
