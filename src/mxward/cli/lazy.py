"""A group of commands that imports one when it is called, so that --help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

__all__ = ["Lazy"]


class Lazy(click.Group):
    """`places` says of each command where it is (`module:name`, within the commands), and what
    --help says of it; they are listed in this order, under `heading`.
    """

    def __init__(
        self, *, places: Mapping[str, tuple[str, str]], heading: str, **settings: Any
    ) -> None:
        super().__init__(**settings)
        self._places = places
        self._heading = heading

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"mxward.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(self._heading):
            formatter.write_dl([(name, told) for name, (_, told) in self._places.items()])
