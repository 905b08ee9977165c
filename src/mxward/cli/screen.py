"""How commands print: a label, then text; calm on a terminal and plain anywhere else.

Colours are for terminals, unless NO_COLOR is set. Nothing that came from outside can control the
terminal: what is not printable is shown as `?`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["Screen", "as_json", "clean", "duration"]

_LABEL = 10  # columns for what stands in front
_WIDTH = 100
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


class Screen:
    """Standard output, or standard error."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._console = Console(highlight=False, markup=False, stderr=stderr)
        if not self._console.is_terminal or self._console.no_color:
            self._console = Console(
                highlight=False,
                markup=False,
                stderr=stderr,
                color_system=None,
                force_terminal=False,
            )

    def line(self, text: str = "", style: str = "") -> None:
        """A line by itself, however long."""
        self._put(Text(clean(text), style))

    def text(self, text: str, style: str = "", *, indent: str = "") -> None:
        """Text in as many lines as it takes, those after the first a little further in."""
        room = max(self._width() - len(indent), 30)
        lines = textwrap.wrap(
            clean(text),
            room,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines or [""]:
            self._put(Text(f"{indent}{line}", style))

    def labelled(self, label: str, text: str, style: str = "") -> None:
        """A label, and text in as many lines as it takes."""
        room = max(self._width() - _LABEL, 30)
        lines = textwrap.wrap(clean(text), room, break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            self._put(Text.assemble((label.ljust(_LABEL), "dim"), (line, style)))
            label = ""

    def listed(self, label: str, words: Iterable[object], style: str = "") -> None:
        """Words, side by side; nothing where there are none."""
        text = "  ".join(map(str, words))
        if text:
            self.labelled(label, text, style)

    def table(
        self,
        headers: Sequence[str],
        rows: Iterable[Sequence[object]],
        below: Sequence[str] = (),
    ) -> None:
        """Columns side by side; numbers to the right, None as `-`. The last may be of any width.

        What is `below` stands under each row, in as many lines as it takes.
        """
        cells = [[_cell(value) for value in row] for row in rows]
        right = [False] * len(headers)
        for row in cells:
            right = [was or number for was, (_, number) in zip(right, row, strict=True)]
        texts = [list(headers), *([text for text, _ in row] for row in cells)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        for number, row_texts in enumerate(texts):
            line = "  ".join(
                text.rjust(width) if to_right else text.ljust(width)
                for text, width, to_right in zip(row_texts, widths, right, strict=True)
            )
            self._put(Text(f"  {line}", "dim" if number == 0 else ""))
            if below and number:
                self.text(below[number - 1], "dim", indent="      ")

    def _width(self) -> int:
        return min(self._console.width, _WIDTH) if self._console.is_terminal else _WIDTH

    def _put(self, text: Text) -> None:
        text.rstrip()
        self._console.print(text, soft_wrap=True)


def duration(seconds: float) -> str:
    """About how long: `3 hours`."""
    for unit, length in _UNITS:
        count = int(seconds / length)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "no time"


def as_json(told: Any) -> str:
    """For programs."""
    return json.dumps(told, indent=2)


def _cell(value: object) -> tuple[str, bool]:
    """How a value stands in a table, and whether it is a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}", True
    return ("-" if value is None else clean(str(value))), False


def clean(text: str) -> str:
    """What can control a terminal is shown as `?`."""
    return "".join(character if character.isprintable() else "?" for character in text)
