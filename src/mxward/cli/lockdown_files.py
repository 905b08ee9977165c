"""Files that a way writes: which are other now, put into their place, shown as a difference."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mxward.lockdown import ledger

__all__ = ["changes", "difference", "put"]

_MOST_SHOWN = 2_000_000
"""Octets of a file of which a difference is worked out; of larger ones the name is told."""


def changes(place: Path, files: Mapping[str, bytes]) -> list[str]:
    """The names of those that are not there, or other there. Raises OSError."""
    return [name for name, content in files.items() if _there(place / name) != content]


def put(place: Path, files: Mapping[str, bytes], former: Iterable[str] = ()) -> None:
    """Write what is other, each file whole or not at all, and the ledger last; then remove `former`
    ones that are written no more. Raises OSError.
    """
    for name in sorted(changes(place, files), key=lambda name: name == ledger.FILE):
        path = place / name
        _make(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, 0o644)
                file.write(files[name])
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    for name in former:
        if name not in files:
            (place / name).unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """A folder, and those above it, that the servers whose rules these are may look into."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def difference(place: Path, files: Mapping[str, bytes]) -> str:
    """What would change, as `diff -u` shows it. Raises OSError."""
    return "".join(
        line for name in changes(place, files) for line in _of_one(place / name, files[name])
    )


def _of_one(path: Path, content: bytes) -> Iterator[str]:
    before = _there(path) or b""
    if path.name in (ledger.FILE, "README.md"):
        return
    if max(len(before), len(content)) > _MOST_SHOWN or b"\0" in before + content:
        yield f"{path}: is other\n"
        return
    old, new = (each.decode("utf-8", "replace").splitlines() for each in (before, content))
    for line in difflib.unified_diff(old, new, str(path), f"{path} (new)", lineterm="", n=1):
        yield f"{line}\n"


def _there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
