"""`mxward status`: a running proxy at a glance."""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from mxward import __version__
from mxward.cli.options import config_option, json_option, problems, remark
from mxward.cli.screen import Screen, as_json, duration
from mxward.config import Config, ConfigError, load
from mxward.intercept.report import Port, Report
from mxward.metrics.telling import Silent, ask

__all__ = ["status"]

UNAVAILABLE = 69
"""Nobody answers (EX_UNAVAILABLE of sysexits.h)."""

_HELP = """Tell how the running proxy stands: workers, sessions, front doors, decisions.

Asks it at server.status, a UNIX socket that its own user and group may use. Where the configuration
has become wrong since, what runs is told all the same.

\b
Examples: mxward status
          mxward status --json

Exit codes: 0 all is well, 1 it serves, and what should be looked at is in the last lines, 2 wrong
usage, 69 nobody answers, 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
@json_option
def status(path: Path, json: bool) -> None:
    """Ask, and print."""
    with problems():
        try:
            config = load(path)
            told = _asked(Path(config.status)) | _interception(config)
        except ConfigError as error:
            told = _asked_all_the_same(path, error)
    wrong = told["wrong"] = [*told.get("wrong", ()), *_concerns(told)]
    told["well"] = not wrong
    if json or not _shown(told):
        click.echo(as_json(told))
    sys.exit(1 if wrong else 0)


def _asked(path: Path) -> dict[str, Any]:
    try:
        return ask(path)
    except Silent as why:
        remark(f"no mxward answers: {why}; is `mxward serve` running, and may you ask it?")
        sys.exit(UNAVAILABLE)


def _asked_all_the_same(path: Path, error: ConfigError) -> dict[str, Any]:
    """Whoever serves by what the file once said, if the place can still be read there.

    Raises the error where that is of no use.
    """
    with suppress(OSError, ValueError, TypeError, AttributeError, Silent):
        file = tomllib.loads(path.read_text())
        store = file.get("store", {}).get("path", "/var/lib/mxward/store.db")
        place = file.get("server", {}).get("status") or Path(store).with_name("status.sock")
        told = ask(path.parent / place)
        told["wrong"] = [*told.get("wrong", ()), f"{path} is wrong now: `mxward check-config`"]
        return told
    raise error


def _interception(config: Config) -> dict[str, Any]:
    """What `mxward intercept watch` has written, where anything is to be intercepted."""
    if not config.intercept:
        return {}
    report = Report.read(Path(config.intercept.state), time.time())
    if report is None:
        return {"interception": {"watched": False}}
    seen = {"port": report.port, "since": report.since, "why": report.why}
    return {"interception": {"watched": True} | seen}


def _concerns(told: dict[str, Any]) -> Iterator[str]:
    """What is seen from here only."""
    if told.get("version") != __version__:
        yield f"{told.get('version')} runs, and {__version__} is installed; SIGUSR2 goes over to it"
    seen = told.get("interception")
    if seen and not seen["watched"]:
        yield "`mxward intercept watch` does not run: `mxward intercept status` says what is so"
    elif seen and seen["port"] != Port.INTERCEPTED:
        yield f"new connections are not intercepted: {seen['port']} ({seen['why'] or 'as wanted'})"


# -- for people -------------------------------------------------------------------------------


def _shown(told: dict[str, Any]) -> bool:
    """Print it; not where another version tells other things."""
    try:
        lines = list(_lines(told))
    except (KeyError, TypeError, ValueError):
        return False
    screen = Screen()
    for label, text in lines:
        screen.labelled(label, text)
    for wrong in told["wrong"]:
        screen.labelled("look at", wrong, "bold red")
    if not told["wrong"]:
        screen.labelled("", "all is well", "green")
    return True


def _lines(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    now = told["now"]
    yield "mxward", f"{told['version']}, pid {told['pid']}, up for {_since(told['started'], now)}"
    yield "read", f"the configuration in force: {_when(told['configuration']['read'], now)}"
    if told["configuration"]["refused"] > told["configuration"]["read"]:
        yield "", f"a newer one was refused: {_when(told['configuration']['refused'], now)}"
    yield from _workers(told)
    yield "sessions", f"{told['sessions']:,} of {told['sessions_allowed']:,}"
    minute = ", ".join(f"{number:,} {what}" for what, number in told["last_minute"].items())
    yield "decisions", f"in the last minute: {minute}"
    yield from _doors(told)
    if seen := told.get("interception"):
        yield "diverted", _diverted(seen, now)


def _workers(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    again = told["worker_restarts"]
    restarted = f", started again {again:,} time{'s' * (again > 1)}" if again else ""
    wanted = f" of {told['workers_wanted']}" if told["workers_wanted"] else ", starting"
    yield "workers", f"{len(told['workers'])}{wanted}{restarted}"
    for each in told["workers"]:
        size = f"{each['resident_bytes'] / 2**20:,.0f} MiB"
        used = f"{each['cpu_seconds']:,.1f} s of CPU"
        sessions = f"{each['sessions']:,} sessions"
        yield "", f"{each['worker']}: pid {each['pid']}, {sessions}, {size}, {used}"


def _doors(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    doors = told["front_doors"]
    states = ", ".join(f"{doors[state]:,} {state}" for state in ("fresh", "stale", "failed"))
    known = doors["fresh"] + doors["stale"]
    oldest = f", the oldest asked {duration(doors['oldest_seconds'])} ago" if known else ""
    yield "domains", f"{told['domains']:,}"
    yield "doors", f"{states}{oldest}; {told['answers_remembered']:,} answers remembered"
    asked, failed = told["dns_questions"], told["dns_failed"]
    yield "dns", f"{failed:,} of {asked:,} questions failed since the start"


def _diverted(seen: dict[str, Any], now: float) -> str:
    if not seen["watched"]:
        return "nobody watches"
    why = f" ({seen['why']})" if seen["why"] else ""
    return f"{seen['port']}, for {_since(seen['since'], now)}{why}"


def _since(then: float, now: float) -> str:
    return duration(max(now - then, 1.0))


def _when(then: float, now: float) -> str:
    if not then:
        return "not yet"
    spelled = datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{spelled}, {_since(then, now)} ago"
