"""What the commands share: where the configuration is, and how its mistakes are told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

__all__ = ["CONFIGURATION", "config_option", "fail", "json_option", "problems", "remark"]

CONFIGURATION = 78
"""The exit code for a wrong configuration (EX_CONFIG of sysexits.h)."""


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config PATH`; the command gets it as `path`."""
    option = click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path, dir_okay=False),
        default="/etc/mxward/mxward.toml",
        envvar="MXWARD_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The configuration.",
    )
    return option(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`."""
    return click.option("--json", is_flag=True, help="Print JSON, for programs.")(command)


def fail(why: str) -> NoReturn:
    """End with one line that says why, and 1."""
    click.echo(f"mxward: {why}", err=True)
    sys.exit(1)


def remark(text: str) -> None:
    """Tell something beside the result, where there is something."""
    if text:
        click.echo(f"mxward: {text}", err=True)


@contextmanager
def problems() -> Iterator[None]:
    """Tell each mistake in one line, and exit with 78."""
    from mxward.config import ConfigError  # not every command has a configuration

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"mxward: {problem}", err=True)
        sys.exit(CONFIGURATION)
