"""What the commands that read logs share: their arguments, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import click

from mxward.cli.options import fail, remark

__all__ = ["finish", "log_options", "need_reports", "options"]


def _zone(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    from mxward.reports.zones import zone_named

    try:
        zone_named(name)
    except ValueError as why:
        raise click.BadParameter(str(why), context, option) from why
    return name


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """LOG... and `--zone`: `names` and `zone`."""
    zone = click.option(
        "--zone",
        metavar="ZONE",
        callback=_zone,
        help="The time zone of logs that do not tell theirs, such as Africa/Johannesburg.  "
        "[default: this machine's]",
    )
    return click.argument("names", metavar="LOG...", nargs=-1, required=True)(zone(command))


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """LOG..., `--zone`, `--offline` and `--cluster`: `names`, `zone`, `offline`, `cluster`."""
    cluster = click.option(
        "--cluster",
        metavar="URL",
        help="Let Spark work, at sc://HOST; LOG is then a directory that it can read.",
    )
    offline = click.option(
        "--offline", is_flag=True, help="Ask the DNS nothing: only what is remembered."
    )
    return log_options(offline(cluster(command)))


def need_reports(cluster: str | None = None, *, engine: bool = True) -> None:
    """End with one line where a package is missing that reports are made with.

    Without an `engine`, nothing is asked of the table.
    """
    needed = ["pyarrow"]
    if engine:
        needed.append("duckdb" if cluster is None else "pyspark")
    for name in needed:
        if find_spec(name) is None:
            extra = "spark" if name == "pyspark" else "reports"
            fail(f"{name} is missing; install it with: pip install 'mxward[{extra}]'")


def finish(problems: Sequence[str]) -> None:
    """Tell what could not be read, and end with 1 where anything could not."""
    for problem in problems:
        remark(problem)
    if problems:
        sys.exit(1)
