"""What the ways of `mxward lockdown` share: what they are asked, and what they do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mxward.cli.options import config_option

__all__ = ["CODES", "NAMED", "Asked", "lockdown_options"]

CODES = """\b
Exit codes: 0 done, 1 failed inside, 2 wrong usage, 3 done, but old rules stay for some domains,
whose front doors cannot be known or shrank by more than half, 4 what is installed is not what would
be written (--check, --diff), 78 wrong configuration.
"""

NAMED = """Name domains, by DOMAIN or --domains FILE, and only their rules are touched: those of all
others in the inventory stay as they are.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asks of any way."""

    path: Path  # the configuration
    domains: tuple[str, ...]
    file: str | None
    out: Path
    installed: Path
    compares: bool  # --check or --diff: nothing is written
    shows: bool  # --diff
    accepts: bool
    json: bool
    is_all: bool = False  # domains that are named are all that there are, for the way knows none


def lockdown_options(
    way: str, installed: str, *, is_all: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that all ways have; the command gets `asked`. `installed` is where the files go
    in the end; `is_all` is for ways that cannot touch some domains and leave the others.
    """

    def wrap(command: Callable[..., Any]) -> Callable[..., Any]:
        def called(
            path: Path,
            domains: tuple[str, ...],
            file: str | None,
            out: Path | None,
            place: Path,
            check: bool,
            diff: bool,
            accept: bool,
            json: bool,
            **others: Any,
        ) -> None:
            to = out or Path(f"lockdown-{way}")
            compares = check or diff
            asked = Asked(path, domains, file, to, place, compares, diff, accept, json, is_all)
            command(asked=asked, **others)

        called.__doc__ = command.__doc__
        called.__name__ = command.__name__
        for option in reversed(_options(way, installed)):
            called = option(called)
        called.__dict__.setdefault("__click_params__", []).extend(
            getattr(command, "__click_params__", [])
        )
        return config_option(called)

    return wrap


def _options(way: str, installed: str) -> list[Callable[..., Any]]:
    folder = click.Path(path_type=Path, file_okay=False)
    return [
        click.argument("domains", metavar="[DOMAIN]...", nargs=-1),
        click.option(
            "--domains",
            "file",
            metavar="FILE",
            help="Read domains from FILE, - for standard input.",
        ),
        click.option(
            "--out",
            type=folder,
            metavar="DIR",
            help=f"Where to write.  [default: lockdown-{way}]",
        ),
        click.option(
            "--installed",
            "place",
            type=folder,
            metavar="DIR",
            default=installed,
            show_default=True,
            help="Where the files are, or will be.",
        ),
        click.option(
            "--check", is_flag=True, help="Write nothing; tell whether what is installed is right."
        ),
        click.option("--diff", is_flag=True, help="The same, and show what would change."),
        click.option(
            "--accept", is_flag=True, help="Take front doors as they are that shrank by half."
        ),
        click.option("--json", is_flag=True, help="Print JSON, for programs."),
    ]
