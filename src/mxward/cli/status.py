"""`mxward status`: a running proxy at a glance."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mxward.cli.options import config_option, json_option, problems, remark
from mxward.cli.screen import Screen, as_json, duration
from mxward.config import Config, load
from mxward.intercept.report import Report
from mxward.metrics.telling import Silent, ask

__all__ = ["status"]

UNAVAILABLE = 69
"""Nobody answers (EX_UNAVAILABLE of sysexits.h)."""

_HELP = """Tell how the running proxy stands: workers, sessions, front doors, decisions.

Asks it at server.status, a UNIX socket that its own user and group may use.

\b
Examples: mxward status
          mxward status --json

Exit codes: 0 all is well, 1 something is not and the last lines say what, 2 wrong usage, 69 nobody
answers, 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
@json_option
def status(path: Path, json: bool) -> None:
    """Ask, and print."""
    with problems():
        config = load(path)
    try:
        told = ask(Path(config.status))
    except Silent as why:
        remark(f"no mxward answers: {why}; is `mxward serve` running, and may you ask it?")
        sys.exit(UNAVAILABLE)
    report = Report.read(Path(config.intercept.state), time.time()) if config.intercept else None
    if json:
        click.echo(as_json(told | {"interception": report and str(report.port)}))
    else:
        _show(Screen(), told, config, report)
    sys.exit(0 if told["well"] else 1)


def _show(screen: Screen, told: dict[str, Any], config: Config, report: Report | None) -> None:
    for label, text in _lines(told):
        screen.labelled(label, text)
    if config.intercept:
        seen = f"{report.port}{report.why and ': '}{report.why}" if report else "nobody watches"
        screen.labelled("intercept", seen)
    for wrong in told["wrong"]:
        screen.labelled("wrong", wrong, "bold red")


def _lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    workers, now = told["workers"], told["now"]
    since = duration(now - told["started"])
    yield "mxward", f"{told['version']}, pid {told['pid']}, up for {since}"
    yield "sessions", f"{told['sessions']:,} of {told['sessions_allowed']:,}"
    for label, each in zip(["workers"] + [""] * len(workers), workers, strict=False):
        size = f"{each['resident_bytes'] / 2**20:,.0f} MiB"
        used = f"{each['cpu_seconds']:,.1f} s of CPU"
        yield (
            label,
            f"{each['worker']}: pid {each['pid']}, {each['sessions']:,} sessions, {size}, {used}",
        )
    doors = told["front_doors"]
    oldest = f", the oldest asked {duration(doors['oldest_seconds'])} ago" if doors["fresh"] else ""
    yield "domains", f"{told['domains']:,}"
    yield "doors", f"{doors['fresh']:,} fresh, {doors['stale']:,} stale{oldest}"
    yield "dns", f"{told['dns_failed']:,} questions failed since the start"
    minute = told["last_minute"]
    yield (
        "decisions",
        f"in the last minute: {', '.join(f'{n:,} {what}' for what, n in minute.items())}",
    )
    yield "read", _read(told["configuration"])


def _read(configuration: dict[str, float]) -> str:
    read, refused = configuration["read"], configuration["refused"]
    text = f"the configuration in force: {_when(read)}"
    if refused > read:
        return f"{text}; a newer one was refused: {_when(refused)}, see the log"
    return text


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
