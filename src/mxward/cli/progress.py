"""How far something long has come: on standard error, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

__all__ = ["counting", "reading"]


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives what hears how many are done of how many."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    with _bar(what, MofNCompleteColumn(), _Rate(), TimeRemainingColumn()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


@contextmanager
def reading(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Gives what hears how many octets more are read, of how many where that is known."""
    if not sys.stderr.isatty():
        yield lambda octets, of: None
        return
    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with _bar(what, *columns) as bar:
        task = bar.add_task(what, total=None)
        yield lambda octets, of: bar.update(task, advance=octets, total=of)


class _Rate(ProgressColumn):
    """How many in a second, lately."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


def _bar(what: str, *columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(TextColumn(what), BarColumn(), *columns, console=console, transient=True)
