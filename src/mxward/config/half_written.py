"""Text that is no TOML: where it breaks off, and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from typing import Any

__all__ = ["NoToml", "parse"]

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TABLE_TWICE = re.compile(r"Cannot declare \((.*?),?\) twice")
_MENDS = {
    "Expected newline": 'a value ends here and more follows; write text in quotes: "..."',
    "Invalid value": 'no value; write text in quotes: "...", a list in brackets: ["...", "..."]',
    "Unclosed array": "a list that is not closed; write commas between values and ] at the end",
    "Unterminated string": "text that is not closed; write the quote at its end",
    "Illegal character '\\n'": "text that is not closed on its line; write the quote at its end",
    "Found invalid character": "text that is not closed on its line; write the quote at its end",
    "Expected '='": "a key without a value; write key = value",
    "Expected ']'": "a table that is not closed; write [name]",
    "Invalid statement": "neither a key nor a table; write key = value or [name]",
    "Cannot overwrite": "this key is given twice; leave one out",
    "Cannot mutate": "this table is given twice; join the two",
}


class NoToml(Exception):
    """Text that cannot be read; `line` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        super().__init__(text)


def parse(text: str) -> dict[str, Any]:
    """Read TOML. Raises NoToml."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    except RecursionError:
        message = "lists within lists, too deep to read"
    position = _POSITION.search(message)
    if position and position[1]:
        raise NoToml(int(position[1]), f"no TOML (column {position[2]}): {_mend(message)}")
    raise NoToml(text.rstrip().count("\n") + 1, f"no TOML: {_mend(message)}")


def _mend(message: str) -> str:
    twice = _TABLE_TWICE.match(message)
    if twice:
        name = ".".join(part.strip(" '\"") for part in twice[1].split(","))
        return f"[{name}] is declared twice; join the two"
    for start, mend in _MENDS.items():
        if message.startswith(start):
            return mend
    return _POSITION.sub("", message)
