"""`mxward intercept`: the kernel's rules that hand connections to mxward, loaded and taken away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mxward.cli import interception
from mxward.cli.options import config_option, fail, json_option, problems, remark
from mxward.cli.screen import as_json
from mxward.cli.sweeping import sweep
from mxward.config import Config, ConfigError, Problem, load
from mxward.intercept import loaded, nftables, routes, switch
from mxward.intercept.kernel import KernelError
from mxward.intercept.plan import Plan, plan
from mxward.intercept.probe import probe
from mxward.intercept.status import status as status_of
from mxward.intercept.watch import Watch
from mxward.supervisor.systemd import Notices

__all__ = ["intercept"]

_CODES = "Exit codes: 0 fine, 1 the kernel did not do it, 2 wrong usage, 78 wrong configuration."
_NOTHING = 'intercept.layout is "none": there is nothing to intercept'

_HELP = f"""Let the kernel hand mxward the connections that are meant for mail servers.

The mail servers stay as they are, with their names and addresses: [intercept] in the configuration
says whose connections are intercepted, and how. All rules are in nftables' table `inet mxward`, and
no other is touched. Loading them needs root, or CAP_NET_ADMIN.

\b
Examples: mxward intercept show
          mxward intercept up
          mxward intercept status

{_CODES}
"""


@click.group(help=_HELP, no_args_is_help=True)
def intercept() -> None:
    """Hand over to one of them."""


@contextmanager
def _trouble() -> Iterator[None]:
    """Tell what is wrong in one line, and exit with its code."""
    with problems():
        try:
            yield
        except KernelError as error:
            fail(str(error))


# -- up, down ---------------------------------------------------------------------------------


@intercept.command(
    help=f"""Load the rules and routes, in place of those that are loaded.

Connections under way go on: none is diverted amid its session, none is lost.

\b
Example: mxward intercept up

{_CODES}
"""
)
@config_option
def up(path: Path) -> None:
    """Put the configuration into force."""
    with _trouble():
        config = load(path)
        wanted = plan(config.intercept)
        if wanted is None:
            click.echo(_NOTHING)
            if loaded.read().rules:
                remark("rules of another configuration are loaded: `mxward intercept down`")
            return
        switch.up(wanted)
    click.echo(f"intercepting {interception.what(wanted)}")
    for line in _doubts(wanted):
        remark(line)


def _doubts(wanted: Plan) -> Iterator[str]:
    """What may keep rules from having the effect that is meant."""
    there = {name for _, name in socket.if_nameindex()}
    for name in wanted.interfaces:
        if name not in there:
            yield f"there is no interface {name} at the moment; `ip link` shows what there is"
    for setting in interception.forwarding(wanted):
        if Path("/proc/sys", *setting.split(".")).read_text().strip() == "0":
            yield f"{setting} is 0, so nothing goes through this machine; set it to 1"
    why_not = asyncio.run(probe(wanted.listen_port))
    if why_not:
        yield f"mxward does not answer ({why_not}): {interception.meanwhile(wanted)}"


@intercept.command(
    help=f"""Intercept no more connections, and take all rules and routes away.

Connections under way go on. What they need stays until they have ended: this command waits for
that, and so does `watch`. --now cuts them off, and needs no configuration.

\b
Examples: mxward intercept down
          mxward intercept down --now

{_CODES}
"""
)
@config_option
@click.option("--now", is_flag=True, help="Cut off connections under way.")
@click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    metavar="SECONDS",
    default=30,
    show_default=True,
    help="How long connections under way are waited for.",
)
def down(path: Path, now: bool, wait: float) -> None:
    """End interception."""
    with _trouble():
        port = 0 if now else load(path).intercept.listen_port
        if not switch.end():
            click.echo("nothing is intercepted")
            return
        left = 0 if now else _left(port, wait)
        if left:
            click.echo("nothing is intercepted any more")
            remark(
                f"{left} ends of connections are under way, and their rules and routes stay; "
                "`mxward intercept down` takes them away later, with --now at once"
            )
            return
        switch.clear()
    click.echo("nothing is intercepted any more, and all rules and routes are gone")


def _left(port: int, wait: float) -> int:
    """How many ends of connections are under way when none is left, or time is over."""
    until = time.monotonic() + wait
    while (left := loaded.under_way(port)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


# -- status, show -----------------------------------------------------------------------------


@intercept.command(
    help=f"""Tell whether connections are intercepted, since when, and why.

Looks at the rules that the kernel has, asks the proxy, and reads what `watch` has written.

\b
Examples: mxward intercept status
          mxward intercept status --json

{_CODES}
"""
)
@config_option
@json_option
def status(path: Path, json: bool) -> None:
    """Look, and print."""
    with _trouble():
        config = load(path)
        found = status_of(config.intercept)
    if json:
        click.echo(as_json(interception.as_object(found)))
    else:
        interception.show(found)


@intercept.command(
    help="""Print the rules and routes that `up` would load, for nft and a shell, and load nothing.

\b
Example: mxward intercept show

Exit codes: 0 fine, 2 wrong usage, 78 wrong configuration.
"""
)
@config_option
def show(path: Path) -> None:
    """Print."""
    with problems():
        wanted = plan(load(path).intercept)
    if wanted is None:
        click.echo(_NOTHING)
        return
    click.echo(f"# for `nft -f -`\n{nftables.ruleset(wanted)}\n# for a shell")
    for command in routes.everything(wanted):
        click.echo(" ".join(command))


# -- watch ------------------------------------------------------------------------------------


@intercept.command(
    help=f"""Watch over interception: a service of its own, beside `mxward serve`.

Asks the proxy every second, through its own listener. Where it has been silent for 4 seconds and
intercept.fail is "open", interception is lifted until it answers again; with "closed" clients are
refused meanwhile. Rules that another program has flushed are loaded again. `status` tells what it
has seen.

\b
Example: mxward intercept watch

{_CODES}
"""
)
@config_option
def watch(path: Path) -> None:
    """Watch until SIGTERM."""
    with _trouble():
        config = load(path)
        wanted = plan(config.intercept)
        if wanted is None:
            raise ConfigError([Problem(config.place("intercept"), f"{_NOTHING}, nor to watch")])
        loaded.read()  # so that who may not look is told at once
        asyncio.run(_watch(config, wanted))


async def _watch(config: Config, wanted: Plan) -> None:
    notices = Notices(os.environ, os.getpid())
    watch = Watch(Path(config.intercept.state), wanted, tell=remark, alive=notices.alive)
    loop, task = asyncio.get_running_loop(), asyncio.create_task(watch.run())
    sweeping = sweep(config, remark) if wanted.fast_path else None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    notices.ready("watching over interception")
    try:
        await task
    except asyncio.CancelledError:
        notices.stopping()
    finally:
        if sweeping is not None:
            sweeping.cancel()
