"""Where each key of a TOML document stands, so that a mistake can be shown with its line.

tomllib gives values without positions. This walks over text that tomllib has already accepted and
notes the line of every table, key and array element; it judges nothing. Not supported: text that is
no TOML (what comes out is some line, or tomllib's own exception).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["KeyPath", "Places"]

KeyPath = tuple[str | int, ...]
"""How to reach a value: `("trust", 0, "network")`."""

_TOKEN = re.compile(
    r"""
      (?P<skip>   [ \t\r]+ | \#[^\n]* )
    | (?P<string> \"\"\" (?:[^\\]|\\.)*? \"{3,5} | ''' .*? '{3,5}
                | "(?:[^"\\\n]|\\.)*" | '[^'\n]*' )
    | (?P<mark>   [\[\]{},=.\n] )
    | (?P<bare>   [^\s"'\#\[\]{},=.]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int
    quoted: bool


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            yield _Token(match.group(), line, match.lastgroup == "string")
        line += match.group().count("\n")
    yield _Token("", line, False)


class Places:
    """The lines (from 1) of everything in a TOML document."""

    def __init__(self, text: str = "") -> None:
        self._lines: dict[KeyPath, int] = {(): 1}
        self._newest: dict[KeyPath, int] = {}  # arrays of tables, and their newest element
        self._tokens = _tokens(text)
        self._token = next(self._tokens)
        self._document()

    def line(self, path: KeyPath) -> int:
        """The line of a value, or of the nearest table around it where it is not there itself."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def _advance(self) -> None:
        self._token = next(self._tokens, self._token)

    def _at(self, *marks: str) -> bool:
        return not self._token.quoted and self._token.text in marks

    def _skip(self, *marks: str) -> None:
        while self._at(*marks):
            self._advance()

    def _note(self, base: KeyPath, parts: KeyPath, line: int) -> KeyPath:
        for part in parts:
            base = (*base, part)
            self._lines.setdefault(base, line)
        return base

    def _document(self) -> None:
        table: KeyPath = ()
        while not self._at(""):
            if self._at("\n"):
                self._advance()
            elif self._at("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        line = self._token.line
        self._advance()
        many = self._at("[")
        self._skip("[")
        path: KeyPath = ()
        parts = self._key()
        for number, part in enumerate(parts):
            path = self._note(path, (part,), line)
            if path in self._newest and not (many and number == len(parts) - 1):
                path = (*path, self._newest[path])
        if many:
            self._newest[path] = self._newest.get(path, -1) + 1
            path = self._note(path, (self._newest[path],), line)
        self._skip("]")
        return path

    def _key(self) -> KeyPath:
        parts: list[str] = []
        while not self._at("=", "]", "\n", ""):
            if self._token.quoted:
                parts.append(tomllib.loads(f"key = {self._token.text}")["key"])
            elif not self._at("."):
                parts.append(self._token.text)
            self._advance()
        return tuple(parts)

    def _pair(self, table: KeyPath) -> None:
        line = self._token.line
        path = self._note(table, self._key(), line)
        self._advance()  # the "="
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._at("["):
            self._array(path)
        elif self._at("{"):
            self._inline_table(path)
        else:
            self._advance()
            while not self._at(",", "]", "}", "\n", ""):
                self._advance()

    def _array(self, path: KeyPath) -> None:
        self._advance()
        self._skip("\n")
        index = 0
        while not self._at("]", ""):
            self._value(self._note(path, (index,), self._token.line))
            self._skip("\n", ",")
            index += 1
        self._advance()

    def _inline_table(self, path: KeyPath) -> None:
        self._advance()
        self._skip("\n")
        while not self._at("}", ""):
            self._pair(path)
            self._skip("\n", ",")
        self._advance()
