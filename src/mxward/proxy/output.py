"""The log's stream where several processes write to the same one.

Whole lines are written at once, in pieces that a pipe takes undivided (PIPE_BUF, pipe(7)), so that
no line is torn by another process's. A line that is longer by itself may be.
"""

from __future__ import annotations

import os
import select

__all__ = ["Output"]

_PIECE = select.PIPE_BUF


class Output:
    """Writes whole lines to a descriptor. Not for several threads at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, text: str) -> None:
        """Write lines, each with its end. Blocks. Raises OSError."""
        octets = text.encode(errors="backslashreplace")
        start = 0
        while start < len(octets):
            end = len(octets)
            if end - start > _PIECE:
                end = octets.rfind(b"\n", start, start + _PIECE) + 1
                if end <= start:  # a line that is longer
                    end = octets.find(b"\n", start) + 1 or len(octets)
            self._write_all(octets[start:end])
            start = end

    def flush(self) -> None:
        """Nothing is held back."""

    def _write_all(self, octets: bytes) -> None:
        while octets:
            octets = octets[os.write(self._descriptor, octets) :]
