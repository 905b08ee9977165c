"""The commands. Each is a short module of its own, loaded only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from mxward import __version__

__all__ = ["main"]

_COMMANDS = {
    "check-config": "mxward.cli.check_config:check_config",
    "demo": "mxward.cli.demo:demo",
    "door": "mxward.cli.door:door",
    "explain": "mxward.cli.explain:explain",
    "serve": "mxward.cli.serve:serve",
}


class _Lazy(click.Group):
    """A group that imports a command when it is needed, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.command(cls=_Lazy)
@click.version_option(__version__, prog_name="mxward")
def main() -> None:
    """Every message to a domain goes in by its front door."""
