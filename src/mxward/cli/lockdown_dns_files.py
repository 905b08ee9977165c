"""Very many small files, written one by one, in memory that does not grow with them.

Only what is other is written, each file whole or not at all; before the ledger, which is the last,
all must be on the disk.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from mxward.cli.lockdown_files import difference

__all__ = ["Folder"]

_MOST_NAMED = 20


class Folder:
    """The folder of a plan. Where it only `compares`, nothing is written. Methods raise OSError."""

    def __init__(self, place: Path, *, compares: bool = False, shows: bool = False) -> None:
        self.place = place
        self.changed = 0
        self.names: list[str] = []  # the first of those that changed
        self._compares = compares
        self._shows = shows
        self._folders: set[str] = set()
        self._base = str(place)

    def write(self, name: str, text: str) -> None:
        """Write a file where it is other."""
        self._put(name, text.encode())

    @contextmanager
    def growing(self, name: str) -> Iterator[Callable[[str], None]]:
        """Gives what takes a long file's lines; it is in its place when all of them are written.

        Its difference is not shown.
        """
        path = self.place / name
        self._make(name)
        where = None if self._compares else self.place
        with tempfile.NamedTemporaryFile("w", dir=where, delete=False, encoding="utf-8") as file:
            temporary = Path(file.name)
            try:

                def take(line: str) -> None:
                    file.write(line)

                yield take
                file.flush()
                if _same(temporary, path):
                    return
                self._count(name)
                if not self._compares:
                    self.sync()
                    temporary.chmod(0o644)
                    temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file that is written no more."""
        path = self.place / name
        if path.exists():
            self._count(name)
            if not self._compares:
                path.unlink()

    def sync(self) -> None:
        """Have all that was written on the disk."""
        if not self._compares and self.changed:
            os.sync()

    def _put(self, name: str, octets: bytes) -> None:
        path = f"{self._base}/{name}"
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - twice as quick
                if file.read() == octets:
                    return
        except FileNotFoundError:
            pass
        self._count(name)
        if self._shows:
            click.echo(difference(self.place, {name: octets}), nl=False)
        if self._compares:
            return
        self._make(name)
        temporary = f"{path}.new"
        try:
            with _new(temporary) as file:
                file.write(octets)
            os.replace(temporary, path)  # noqa: PTH105
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _count(self, name: str) -> None:
        self.changed += 1
        if len(self.names) < _MOST_NAMED:
            self.names.append(name)

    def _make(self, name: str) -> None:
        folder = name.rpartition("/")[0]
        if folder not in self._folders and not self._compares:
            (self.place / folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)


def _new(path: str) -> BinaryIO:
    """A file that nobody else has made, whatever an earlier run left."""
    try:
        return open(path, "xb")  # noqa: PTH123
    except FileExistsError:
        Path(path).unlink()
        return open(path, "xb")  # noqa: PTH123


def _same(one: Path, other: Path) -> bool:
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as a, other.open("rb") as b:
            while block := a.read(1 << 16):
                if block != b.read(1 << 16):
                    return False
    except FileNotFoundError:
        return False
    return True
