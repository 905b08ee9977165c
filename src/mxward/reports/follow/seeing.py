"""What files there are where a log is, and reading one of them from an octet on."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from mxward.reports.follow.tail import LOOKED_AT, Place, Seen, Stop, continues
from mxward.reports.ingest.sources import Source, SourceError

__all__ = ["Moving", "Packed", "Plain", "Readable", "look_at", "opened", "survey"]

_TRIES = 5
_LATE = 86_400 * 10**9
"""Nanoseconds: the last lines of a file may be written after the first ones of the next."""

_PIECE = 1 << 18


class Readable(Protocol):
    """One file, from an octet on."""

    packed: bool

    def read(self) -> bytes | None:
        """The next octets; none where there are none yet, None where what was there is gone.

        Raises OSError.
        """

    @property
    def was_empty(self) -> bool:
        """Until now, and that it is not any more was not looked at yet."""

    def is_still(self, seen: Seen) -> bool:
        """Whether it is the file that was seen, with at least the same in it."""

    def place(self, offset: int) -> Place:
        """That octet of this file."""

    def close(self) -> None: ...


def look_at(path: Path) -> Seen | None:
    """A file as it is; None where there is none. Raises OSError, SourceError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        for _ in range(_TRIES):  # it may be cut between the one look and the other
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                raise SourceError(f"{path}: is no file")
            with Source(f"/dev/fd/{file}") as source:  # this one, whatever has its name by now
                packed, head = bool(source.packed), next(source.pieces(), b"")[:LOOKED_AT]
            if os.fstat(file).st_mtime_ns == about.st_mtime_ns:
                break
    finally:
        os.close(file)
    return Seen(path.name, about.st_ino, about.st_size, about.st_mtime_ns, head, packed)


class Moving(Exception):
    """The files are being renamed: which is which can be seen a little later."""


def survey(path: Path, place: Place) -> tuple[Seen | None, list[Seen]]:
    """What has a log's name now, and the files beside it that may have had it: of the same name
    with more behind it. Raises Moving, OSError, SourceError.
    """
    for _ in range(_TRIES):
        names = _names(path)
        live = look_at(path)
        others = [_other(path, name, place) for name in names if name != path.name]
        if names == _names(path):
            return live, [one for one in others if one is not None]
    raise Moving


def _names(path: Path) -> dict[str, int]:
    """Those that a log may have had, and its own; and their inodes."""
    longer = tuple(path.name + mark for mark in ".-_")
    with os.scandir(path.parent) as entries:
        return {
            entry.name: entry.inode()
            for entry in entries
            if entry.name == path.name or entry.name.startswith(longer)
        }


def _other(path: Path, name: str, place: Place) -> Seen | None:
    """None too where it is older than the place, or nobody may read it."""
    try:
        about = (path.parent / name).stat()
        if about.st_ino != place.inode and about.st_mtime_ns < place.changed_at - _LATE:
            return None
        return look_at(path.parent / name)
    except (OSError, SourceError):
        return None


def opened(directory: Path, stop: Stop) -> Readable | None:
    """To be read from there; None where the name has another file by now, or the file has been cut
    since it was seen. Raises OSError.
    """
    path = directory / stop.seen.name
    try:
        file: Readable = Packed(path, stop) if stop.seen.packed else Plain(path, stop)
    except FileNotFoundError:
        return None
    if file.is_still(stop.seen):
        return file
    file.close()
    return None


class Plain:
    """A file that may grow, and may be cut."""

    packed = False

    def __init__(self, path: Path, stop: Stop) -> None:
        """Raises OSError."""
        self._name = path.name
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._offset = stop.offset
        self._head = stop.seen.head
        self._changed_at = stop.seen.changed_at

    def read(self) -> bytes | None:
        if not self._is_whole():
            return None
        piece = os.pread(self._file, _PIECE, self._offset)
        if not self._is_whole():  # it was cut meanwhile: these may be other octets
            return None
        if piece:
            if self._offset <= len(self._head) < LOOKED_AT:
                self._head = (self._head[: self._offset] + piece)[:LOOKED_AT]
            self._offset += len(piece)
            self._changed_at = os.fstat(self._file).st_mtime_ns
        return piece

    @property
    def was_empty(self) -> bool:
        return not self._head and os.fstat(self._file).st_mtime_ns != self._changed_at

    def is_still(self, seen: Seen) -> bool:
        return os.fstat(self._file).st_ino == seen.inode and self._is_whole()

    def place(self, offset: int) -> Place:
        return Place(os.fstat(self._file).st_ino, offset, self._head, self._changed_at)

    def close(self) -> None:
        os.close(self._file)

    def _look(self) -> bytes:
        return os.pread(self._file, LOOKED_AT, 0)

    def _is_whole(self) -> bool:
        about = os.fstat(self._file)
        ids = (about.st_ino, about.st_size, about.st_mtime_ns)
        return continues(self.place(self._offset), Seen(self._name, *ids, self._look()))


class Packed:
    """What a log has been compressed to."""

    packed = True
    was_empty = False

    def __init__(self, path: Path, stop: Stop) -> None:
        """Raises OSError."""
        self._seen = stop.seen
        self._left = stop.offset  # octets to be passed over
        try:
            self._source = Source(str(path))
        except SourceError as error:
            raise OSError(str(error)) from None
        self._pieces = self._source.pieces()

    def read(self) -> bytes | None:
        for piece in self._pieces:
            if self._left < len(piece):
                rest, self._left = piece[self._left :], 0
                return rest
            self._left -= len(piece)
        if self._source.problem:
            raise OSError(self._source.problem)
        return b""

    def is_still(self, seen: Seen) -> bool:
        return True  # nobody changes those

    def place(self, offset: int) -> Place:
        seen = self._seen
        return Place(seen.inode, offset, seen.head, seen.changed_at)

    def close(self) -> None:
        self._source.__exit__(None, None, None)
