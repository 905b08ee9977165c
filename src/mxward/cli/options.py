"""What the commands share: where the configuration is, and how its mistakes are told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mxward.config import ConfigError

__all__ = ["CONFIGURATION", "config_option", "problems"]

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


@contextmanager
def problems() -> Iterator[None]:
    """Tell each mistake in one line, and exit with 78."""
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"mxward: {problem}", err=True)
        sys.exit(CONFIGURATION)
