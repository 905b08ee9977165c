"""How commands print: a label, then text; calm on a terminal and plain anywhere else.

Colours are for terminals, unless NO_COLOR is set. Nothing that came from outside can control the
terminal: what is not printable is shown as `?`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

__all__ = ["Screen", "as_json", "duration"]

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
        self._put(Text(_clean(text), style))

    def labelled(self, label: str, text: str, style: str = "") -> None:
        """A label, and text in as many lines as it takes."""
        width = min(self._console.width, _WIDTH) if self._console.is_terminal else _WIDTH
        room = max(width - _LABEL, 30)
        lines = textwrap.wrap(_clean(text), room, break_long_words=False, break_on_hyphens=False)
        for line in lines or [""]:
            self._put(Text.assemble((label.ljust(_LABEL), "dim"), (line, style)))
            label = ""

    def listed(self, label: str, words: Iterable[object], style: str = "") -> None:
        """Words, side by side; nothing where there are none."""
        text = "  ".join(map(str, words))
        if text:
            self.labelled(label, text, style)

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


def _clean(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
