"""How the demo is printed: colours and headings on a terminal, plain ASCII anywhere else."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mxward.demo.play import Row
from mxward.demo.tape import Kind, Line

__all__ = ["Printer", "as_json", "console", "table"]

WIDTH = 100
TABLE_WIDTH = 130

_LOOKS = {
    # kind: what stands in front, its style, the style of the text
    Kind.CONFIG: ("    ", "", "cyan"),
    Kind.TALK: ("  ", "", "bold blue"),
    Kind.CLIENT: ("    C: ", "dim", ""),
    Kind.SERVER: ("    S: ", "dim", ""),
    Kind.NOTE: ("    * ", "dim", "dim"),
    Kind.LOG: ("    log: ", "dim", "dim"),
    Kind.VERDICT: ("  ok       ", "bold green", "green"),
    Kind.DIFFERS: ("  DIFFERS  ", "bold red", "red"),
}
_LOOSE = {Kind.TITLE, Kind.STORY}  # with an empty line on each side
_INNER = "    |"  # what happens while the client waits


def console(*, colour: bool | None = None) -> Console:
    """Where to print. Without a word: colours on a terminal, unless NO_COLOR is set."""
    found = Console(highlight=False, markup=False)
    if colour is None:
        colour = found.is_terminal and not found.no_color
    if colour:
        return found
    return Console(
        highlight=False, markup=False, width=TABLE_WIDTH, force_terminal=False, color_system=None
    )


class Printer:
    """Prints lines as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: Kind | None = None

    def __call__(self, line: Line) -> None:
        """Print one line."""
        if self._last is not None and self._apart(line):
            self._console.print()
        self._last = line.kind
        if line.kind is Kind.TITLE:
            self._title(line.text)
        elif line.kind is Kind.STORY:
            self._console.print(self._filled(line.text, ""))
        else:
            self._detail(line)

    def _apart(self, line: Line) -> bool:
        """Whether an empty line goes before this one."""
        if line.kind is Kind.TALK:
            return line.depth == 0
        if line.kind is not self._last and self._last in (Kind.VERDICT, Kind.DIFFERS):
            return True
        return line.kind is not self._last and not _LOOSE.isdisjoint({line.kind, self._last})

    def _title(self, text: str) -> None:
        self._console.print(Text(text, style="bold"))
        self._console.print(Text(("─" if self._fancy else "-") * len(text), style="bold"))

    def _filled(self, text: str, indent: str) -> str:
        """Text in lines that fit; what has no spaces in it stays whole."""
        return textwrap.fill(
            text,
            min(WIDTH, self._console.width) - len(indent),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def _detail(self, line: Line) -> None:
        front, front_style, style = _LOOKS[line.kind]
        if line.kind is Kind.SERVER:
            style = _reply_style(line.text)
        inner = _INNER * line.depth
        front = front[2:] or front if line.depth else front
        words = self._filled(line.text, " " * len(front)) if line.kind is Kind.LOG else line.text
        text = Text.assemble((inner, "dim"), (front, front_style), (words, style))
        text.rstrip()
        self._console.print(text, soft_wrap=True)

    @property
    def _fancy(self) -> bool:
        return self._console.color_system is not None


def _reply_style(text: str) -> str:
    return {"4": "yellow", "5": "red", "-": "red"}.get(text[:1], "")


def table(rows: Sequence[Row], console: Console) -> None:
    """Print what was expected against what was seen."""
    fancy = console.color_system is not None
    shown = Table(box=box.SIMPLE_HEAD if fancy else box.ASCII)
    for title in ("", "what", "expected", "seen", ""):
        shown.add_column(title)
    for number, row in enumerate(rows, 1):
        mark = Text("ok", style="green") if row.good else Text("DIFFERS", style="bold red")
        seen = Text(row.seen, style="" if row.good else "red")
        ends = number == len(rows) or rows[number].scene != row.scene
        shown.add_row(str(row.scene), row.what, row.expected, seen, mark, end_section=ends)
    console.print()
    if rows:
        console.print(Text("Expected and seen", style="bold"))
        console.print(shown)
    console.print(Text(_summary(rows), style="bold"))


def _summary(rows: Sequence[Row]) -> str:
    wrong = sum(not row.good for row in rows)
    if not rows:
        return "Nothing was played."
    return f"{wrong} of {len(rows)} differ." if wrong else f"All {len(rows)} as expected."


def as_json(rows: Iterable[Row]) -> str:
    """The same for programs: a list of objects."""
    return json.dumps(
        [
            {
                "scene": row.scene,
                "what": row.what,
                "expected": row.expected,
                "seen": row.seen,
                "ok": row.good,
            }
            for row in rows
        ],
        indent=2,
    )
