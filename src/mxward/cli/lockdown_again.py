"""The command that writes the same again: for the README, and so for cron."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from mxward.cli.lockdown_options import Asked

__all__ = ["again"]


def again(way: str, asked: Asked, more: Iterable[str] = ()) -> str:
    """What was typed, as far as it makes the files what they are; `more` are options of the way."""
    words = ["mxward", "lockdown", way, "--config", str(asked.path.resolve()), *asked.domains]
    if asked.file:
        words += ["--domains", asked.file if asked.file == "-" else str(Path(asked.file).resolve())]
    words += ["--installed", str(asked.installed.absolute())]
    return shlex.join([*words, *more])
