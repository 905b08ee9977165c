"""What the watchdog tells `mxward intercept status`: a small file, written anew every second."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["Port", "Report"]

_STALE = 5.0  # seconds


class Port(StrEnum):
    """What becomes of new connections."""

    INTERCEPTED = "intercepted"
    OPEN = "open"  # they go to the mail server
    SHUT = "shut"  # they are refused
    DOWN = "down"  # nothing is intercepted, as the operator wants it


@dataclass(frozen=True, slots=True)
class Report:
    """How things stand, since when and why. Times are in seconds since the epoch."""

    port: Port
    since: float
    why: str
    written: float

    def write(self, path: Path) -> None:
        """Put it where the last one was. Raises OSError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path, now: float) -> Report | None:
        """The last one; None where no watchdog has written any for a while."""
        try:
            told = json.loads(path.read_text())
            report = cls(
                Port(told["port"]), float(told["since"]), str(told["why"]), float(told["written"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return report if abs(now - report.written) < _STALE else None
