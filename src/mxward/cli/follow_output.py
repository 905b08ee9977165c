"""Where lines go: to standard output, or to a file in which each of them stands once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mxward.cli.screen import Screen

__all__ = ["File", "Output", "Terminal"]


class Output:
    """Standard output, for programs: at once, for who reads it waits for it."""

    def write(self, lines: Iterable[tuple[str, str]]) -> None:
        """Lines and their styles."""
        text = "".join(f"{line}\n" for line, _ in lines)
        sys.stdout.write(text)
        sys.stdout.flush()

    def status(self, text: str) -> None:
        """What is under way; only terminals show it."""

    def held(self) -> Any:
        """How much has been written, where that can be found again."""
        return None


class Terminal(Output):
    """A screen, with a line at its foot that is written again and again."""

    def __init__(self) -> None:
        self._screen = Screen()
        self._foot = ""
        self._has_a_foot = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def write(self, lines: Iterable[tuple[str, str]]) -> None:
        self.status("")
        for line, style in lines:
            self._screen.line(line, style)

    def status(self, text: str) -> None:
        if text != self._foot and self._has_a_foot:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._foot = text


class File(Output):
    """A file that is added to. What was written after the state was kept that is gone on from is
    taken off again: it will be told once more.
    """

    def __init__(self, path: Path, held: Any) -> None:
        """Raises OSError."""
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        about = os.fstat(self._file)
        self._inode = about.st_ino
        if held is not None and held["inode"] == self._inode and held["length"] < about.st_size:
            os.ftruncate(self._file, held["length"])

    def write(self, lines: Iterable[tuple[str, str]]) -> None:
        octets = memoryview("".join(f"{line}\n" for line, _ in lines).encode())
        while octets:
            octets = octets[os.write(self._file, octets) :]

    def held(self) -> Any:
        os.fdatasync(self._file)
        return {"inode": self._inode, "length": os.fstat(self._file).st_size}
