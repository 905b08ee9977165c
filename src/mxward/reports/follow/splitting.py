"""Octets that come in pieces -> whole lines, in bounded memory. Pure."""

from __future__ import annotations

from mxward.maillog.strange import LONGEST

__all__ = ["Splitter"]


class Splitter:
    """Keeps what has no end yet. Of a line that is too long its beginning is kept, and no more."""

    def __init__(self) -> None:
        self._rest = b""
        self._long = 0  # octets of it that are gone already

    @property
    def waiting(self) -> int:
        """Octets that were taken in, and stand in no line that was given out."""
        return len(self._rest) + self._long

    def add(self, piece: bytes) -> list[bytes]:
        """The lines that end in this piece, each with its line feed."""
        *lines, rest = (self._rest + piece).split(b"\n")
        kept = rest[: LONGEST + 2]  # enough to be seen as too long
        self._long = len(rest) - len(kept) + (0 if lines else self._long)
        self._rest = kept
        return [line + b"\n" for line in lines]

    def end(self) -> list[bytes]:
        """Nothing more will come: what has no end is a line as well."""
        rest, self._rest, self._long = self._rest, b"", 0
        return [rest] if rest else []
