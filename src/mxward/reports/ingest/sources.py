"""Log files -> lines of octets, in bounded memory, whatever the file.

Supported: plain files, gzip, bzip2, xz and Zstandard (known by their first octets, whatever the
name says; of several members or frames too), `-` for standard input, FIFOs, lines that end in CRLF.
Lines are split at LF only: senders may put any other octet into a log. A line of more than 64 KiB
is never held whole, and stands as what it begins with: too long for any reader. What is broken in
the middle is read as far as it goes, and `problem` says so. A journal as `journalctl -o export`
writes it becomes lines as syslog would have them.
Not supported: archives (tar, zip), journald's own files.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import BinaryIO, Protocol, Self, cast

import pyarrow as pa

from mxward.maillog.journal import Journal, is_journal

__all__ = ["LONGEST", "LOOKED_AT", "Block", "Source", "SourceError", "shown"]

LONGEST = 64 * 1024
"""Octets of a line that any reader takes."""
LOOKED_AT = 4096
"""Octets at the beginning of a log by which it is known."""

_BLOCK = 1 << 20
_HEAD = 16  # octets by which formats are known
_ZSTD_READ = 1 << 14  # what is lost of a broken stream

_Opener = Callable[[BinaryIO], "_Readable"]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def shown(name: str) -> str:
    """What a log is called where it is told of."""
    return "standard input" if name == "-" else name


class SourceError(Exception):
    """A log cannot be read at all; one line says why."""


class Block(list[bytes]):
    """Lines without their ends, one after the other."""

    unfinished = False  # whether the last one has no end: it may have been cut off


class Source:
    """One log, to be read once; close it in the end. What `-` names is standard input.

    With `start` and `end`, only what lies between these octets of a plain file: both must be where
    lines begin. Raises SourceError.
    """

    def __init__(self, name: str, start: int = 0, end: int | None = None) -> None:
        self.name = shown(name)
        self.problem = ""  # why it could not be read to its end
        self.beginning = b""  # unpacked, once its blocks are asked for
        self._end = end
        self._raw = _open(name, self.name)
        about = os.fstat(self._raw.fileno())
        regular = stat.S_ISREG(about.st_mode)
        self.size = about.st_size if regular else None
        self.changed_at = about.st_mtime if regular else time.time()
        if start:
            self._raw.seek(start)
        self._counted = _Counted(self._raw, self.name)
        self.packed = "" if start else _packed(self._counted.head)
        self.splittable = regular and not self.packed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Twice does no harm."""
        if self.name != "standard input":
            self._raw.close()

    @property
    def read(self) -> int:
        """How many octets of the file have been read, packed as they are."""
        return self._counted.count

    @property
    def head(self) -> bytes:
        """The first octets, as they are in the file."""
        return self._counted.head

    def blocks(self) -> Iterator[Block]:
        """All lines, about a megabyte at a time. Does not raise: see `problem`."""
        pieces = self.pieces()
        first = next(pieces, b"")
        self.beginning = first[:LOOKED_AT]
        if is_journal(first[:_HEAD]):
            return self._entries(chain((first,), pieces))
        return self._lines(chain((first,), pieces))

    def _entries(self, pieces: Iterable[bytes]) -> Iterator[Block]:
        journal = Journal()
        for piece in pieces:
            if block := Block(journal.feed(piece)):
                yield block
        if block := Block(journal.end()):
            yield block
        if journal.problem:
            self.problem = self.problem or f"{self.name}: {journal.problem}"

    def _lines(self, pieces: Iterable[bytes]) -> Iterator[Block]:
        rest = b""
        dropping = False
        for piece in pieces:
            if dropping:  # the rest of a long line
                end = piece.find(b"\n")
                if end < 0:
                    continue
                piece, dropping = piece[end:], False
            text = rest + piece
            if b"\r\n" in text:
                text = text.replace(b"\r\n", b"\n")
            block = Block(text.split(b"\n"))
            rest = block.pop()
            if len(rest) > LONGEST + 2:
                rest, dropping = rest[: LONGEST + 2], True
            if block:
                yield _shortened(block)
        if rest:
            last = _shortened(Block([rest.removesuffix(b"\r")]))
            last.unfinished = True
            yield last

    def pieces(self) -> Iterator[bytes]:
        """What the file holds, unpacked, about a megabyte at a time."""
        if self._counted.count == 0:
            return
        kept: list[bytes] = []
        size = 0
        for piece in self._unpacked():
            kept.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(kept)
                kept, size = [], 0
        if kept:
            yield b"".join(kept)

    def _unpacked(self) -> Iterator[bytes]:
        left = sys.maxsize if self._end is None else self._end - self._raw.tell() + self.read
        try:
            stream = _OPENERS[self.packed](cast(BinaryIO, self._counted))
            size = _ZSTD_READ if self.packed == "zstd" else _BLOCK
            while piece := stream.read(min(size, left)):
                yield piece
                left -= len(piece)
        except EOFError:
            self.problem = f"{self.name}: ends in the middle of its {self.packed} stream"
        except (OSError, ValueError, zlib.error, lzma.LZMAError) as why:
            self.problem = f"{self.name}: {self._broken(why)}"

    def _broken(self, why: Exception) -> str:
        if isinstance(why, OSError) and why.errno:
            return f"cannot be read further: {why.strerror}"
        if "Truncated" in str(why):  # pyarrow's word
            return f"ends in the middle of its {self.packed} stream"
        return f"its {self.packed} stream is broken ({why})"


def _open(name: str, called: str) -> io.FileIO:
    try:
        if name == "-":
            return io.FileIO(sys.stdin.fileno(), closefd=False)
        return io.FileIO(name)
    except FileNotFoundError:
        raise SourceError(f"{called}: no such file") from None
    except IsADirectoryError:
        raise SourceError(f"{called}: is a directory; name the logs in it") from None
    except PermissionError:
        raise SourceError(f"{called}: you may not read it") from None
    except (OSError, ValueError) as why:
        raise SourceError(f"{called}: {getattr(why, 'strerror', None) or why}") from None


class _Counted(io.BufferedIOBase):
    """A file as it is, whose first octets have been looked at, and that counts what is read."""

    def __init__(self, raw: io.FileIO, shown: str) -> None:
        self._raw = raw
        self.head = b""
        try:
            while len(self.head) < _HEAD and (more := raw.read(_HEAD - len(self.head))):
                self.head += more
        except OSError as why:
            raise SourceError(f"{shown}: {why.strerror}") from None
        self.count = len(self.head)
        self._again = self.head

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if self._again:  # gzip asks for two octets first, and wants no more
            asked = len(self._again) if size is None or size < 0 else size
            again, self._again = self._again[:asked], self._again[asked:]
            return again
        piece = self._raw.read(_BLOCK if size is None or size < 0 else size) or b""
        self.count += len(piece)
        return piece


def _packed(head: bytes) -> str:
    for name, magic in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5:  # RFC 8878 3.1.2: a skippable frame
        return "zstd"
    return ""


class _Single:
    """Reads what one step of unpacking gives, so that nothing is lost where the next one fails."""

    def __init__(self, stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        return self._stream.read1(size)


_MAGIC = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_OPENERS: dict[str, _Opener] = {
    "": lambda file: file,
    "gzip": lambda file: _Single(gzip.GzipFile(fileobj=file)),
    "bzip2": lambda file: _Single(bz2.BZ2File(file)),
    "xz": lambda file: _Single(lzma.LZMAFile(file)),  # noqa: SIM115 - the file's owner closes
    "zstd": lambda file: pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"),
}


def _shortened(block: Block) -> Block:
    if max(map(len, block)) > LONGEST:
        block[:] = [line[: LONGEST + 1] for line in block]
    return block
