"""HTML and SVG, element by element, so that no text can ever become markup.

Senders, HELOs and lines of logs are a stranger's words: whatever is not `Markup` is escaped, in
text and in attributes, and what a person could not see (control characters, what turns the
direction of writing round, what has no width) is shown as `\\u202e`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

__all__ = ["LONGEST", "Child", "Markup", "element", "joined", "shortened", "visible"]

LONGEST = 300
"""So many characters of one text are shown; a domain has 253 at most, a sample of a log 300."""

_UNSEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\xad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f"
    "\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ud800-\\udfff\\ufdd0-\\ufdef"
    "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\uffff\\U000e0000-\\U000e0fff]"
)
_VOID = frozenset({"br", "link", "meta"})


class Markup(str):
    """Text that is HTML already. Made by `element` and `joined` only."""

    __slots__ = ()


Child = str | int | None
"""What an element may hold: markup, text, a number (with thousands separators), nothing."""


def element(tag: str, /, *inside: Child, **attributes: str | float | None) -> Markup:
    """An element. Names of attributes may end in `_` (`class_`), and `_` stands for a hyphen.

    An attribute that is None is left out.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    start = Markup(f"<{tag}{said}>")
    return start if tag in _VOID else Markup(f"{start}{joined(inside)}</{tag}>")


def joined(parts: Iterable[Child]) -> Markup:
    """Several, one after the other."""
    return Markup("".join(_text(part) for part in parts))


def visible(text: str) -> str:
    """With every character that a person could not see written out."""
    return _UNSEEN.sub(lambda found: _written(ord(found[0])), text)


def shortened(text: str, most: int = LONGEST) -> str:
    """`visible`, and without its middle where it is longer: both ends of a name tell something."""
    text = visible(text)
    if len(text) <= most:
        return text
    end = (most - 1) // 3
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def _text(part: Child) -> str:
    if part is None:
        return ""
    if isinstance(part, Markup):
        return part
    return html.escape(visible(part)) if isinstance(part, str) else f"{part:,}"


def _value(value: str | float) -> str:
    """Coordinates are to a tenth of a pixel."""
    if isinstance(value, str):
        return html.escape(visible(value))
    return f"{value:.1f}".removesuffix(".0")


def _written(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
