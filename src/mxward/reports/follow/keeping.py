"""How far logs have been read, in a file: complete or as it was before, and only one has it."""

from __future__ import annotations

import fcntl
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

__all__ = ["Keeper", "KeepingError"]

_VERSION = 1


class KeepingError(Exception):
    """One line says what is wrong with the file, and what to do."""


class Keeper:
    """The file, locked while this one has it. `kept` is what stood there. Raises KeepingError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            mend = "give this one another by --state"
            raise KeepingError(f"{path}: another mxward follow has it; {mend}") from None
        except OSError as why:
            raise KeepingError(f"{path}: cannot be written: {why.strerror}") from None
        self.kept: dict[str, Any] = self._read()

    def keep(self, kept: dict[str, Any]) -> None:
        """Put this in its place. Raises KeepingError."""
        text = json.dumps(kept)
        whole = json.dumps({"version": _VERSION, "sha256": _digest(text), "kept": text})
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(whole)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as why:
            raise KeepingError(f"{self.path}: cannot be written: {why.strerror}") from None

    def close(self) -> None:
        """Let another one have it."""
        os.close(self._lock)

    def _read(self) -> dict[str, Any]:
        try:
            whole = json.loads(self.path.read_text("utf-8"))
            text = whole["kept"]
            if whole["version"] != _VERSION or whole["sha256"] != _digest(text):
                raise ValueError
            kept: dict[str, Any] = json.loads(text)
            return kept
        except FileNotFoundError:
            return {}
        except OSError as why:
            raise KeepingError(f"{self.path}: cannot be read: {why.strerror}") from None
        except (ValueError, LookupError, TypeError, RecursionError):
            mend = "remove it, to begin at the end of the logs"
            raise KeepingError(f"{self.path}: is damaged, or another mxward's; {mend}") from None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
