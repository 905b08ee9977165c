"""Lists of domains in files, and whether those have changed."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["LARGEST", "Failed", "Signature", "list_files", "read_file", "signature"]

LARGEST = 256 * 1024 * 1024
"""Octets in one list."""

Signature = tuple[tuple[str, int, int, int, int], ...]
"""Tells whether files have changed: path, times of content and of permissions (ns), size, inode."""


class Failed(Exception):
    """A list could not be had."""


def list_files(patterns: Sequence[str]) -> Iterator[str]:
    """The files that are named, and those that patterns find now (none is fine there)."""
    for pattern in patterns:
        if glob.has_magic(pattern):
            found = glob.glob(pattern)  # noqa: PTH207 - Path.glob takes no absolute pattern
            yield from sorted(path for path in found if not Path(path).is_dir())
        else:
            yield pattern


def signature(patterns: Sequence[str]) -> Signature:
    """The state of all files, as far as they can be seen."""
    return tuple(_state(path) for path in list_files(patterns))


def _state(path: str) -> tuple[str, int, int, int, int]:
    try:
        found = Path(path).stat()
    except OSError:
        return path, 0, 0, 0, 0
    return path, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def read_file(path: str) -> str:
    """The text of one list. Raises Failed."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Failed(f"{path}: no regular file")
            octets = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise Failed(f"{path}: no such file") from None
    except OSError as error:
        raise Failed(f"{path}: cannot be read: {error.strerror}") from None
    if len(octets) > LARGEST:
        raise Failed(f"{path}: larger than {LARGEST // 2**20} MiB")
    return octets.decode("utf-8-sig", errors="replace")


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for the other end, should it be a named pipe."""
    return os.open(path, flags | os.O_NONBLOCK)
