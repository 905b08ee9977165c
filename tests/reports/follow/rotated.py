"""A log that is written and rotated as logrotate does, with what has been written remembered."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

__all__ = ["RotatedLog"]


class RotatedLog:
    """`path`, its numbered elders, and every octet that was ever written."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "mainlog"
        self.texts: list[bytes] = [b""]  # of each file, the oldest first
        self._count = 0

    def lines(self) -> list[bytes]:
        """All that were written, without their ends; what has no end counts where it is over."""
        return [
            line for text in self.texts for line in text.removesuffix(b"\n").split(b"\n") if line
        ]

    def whole_lines(self) -> list[bytes]:
        """The same without what has no end in the file that is written to."""
        last = self.texts[-1].rpartition(b"\n")[0]
        return [line for text in (*self.texts[:-1], last) for line in text.split(b"\n") if line]

    def write(self, lines: int, *, ended: bool = True) -> None:
        """Some lines, each another one; the last may have no end yet."""
        for number in range(lines):
            self._count += 1
            end = b"\n" if ended or number + 1 < lines else b""
            self.put(b"line %d of mail\x85\xff\r with odd octets" % self._count + end)

    def end_line(self) -> None:
        """What follows when half a line was written; or another one."""
        self._count += 1
        self.put(b" and its end, %d\n" % self._count)

    def put(self, octets: bytes) -> None:
        self.texts[-1] += octets
        with self.path.open("ab") as file:
            file.write(octets)

    def rename(self, *, create: bool = True, keep: int = 9) -> None:
        """logrotate's `create`, or `nocreate`."""
        if not self.path.exists():
            return
        self._shift(keep)
        self.path.rename(self._elder(1))
        self.texts.append(b"")
        if create:
            self.path.touch()

    def write_late(self, octets: bytes) -> None:
        """By a process that has the file still open that was renamed last."""
        if self._elder(1).exists() and len(self.texts) > 1:
            with self._elder(1).open("ab") as file:
                file.write(octets)
            self.texts[-2] += octets

    def copy_and_truncate(self, *, keep: int = 9) -> None:
        """logrotate's `copytruncate`."""
        if not self.path.exists():
            return
        self._shift(keep)
        self._elder(1).write_bytes(self.path.read_bytes())
        os.truncate(self.path, 0)
        self.texts.append(b"")

    def truncate(self) -> None:
        """By somebody who types `> mainlog`."""
        if self.path.exists():
            os.truncate(self.path, 0)
            self.texts.append(b"")

    def compress(self, number: int) -> None:
        """As gzip does: the new file has the time of the old one."""
        elder = self._elder(number)
        if elder.exists():
            about = elder.stat()
            packed = elder.with_name(elder.name + ".gz")
            packed.write_bytes(gzip.compress(elder.read_bytes()))
            os.utime(packed, ns=(about.st_atime_ns, about.st_mtime_ns))
            elder.unlink()

    def _elder(self, number: int) -> Path:
        return self.path.with_name(f"mainlog.{number}")

    def _shift(self, keep: int) -> None:
        numbered = []
        for path in self.path.parent.iterdir():
            found = re.fullmatch(r"mainlog\.([0-9]+)(.*)", path.name)
            if found:
                numbered.append((int(found[1]), found[2], path))
        for number, ending, path in sorted(numbered, reverse=True):
            if number >= keep:
                path.unlink()
            else:
                path.rename(path.with_name(f"mainlog.{number + 1}{ending}"))
