"""The time zone in which a log was written, where its stamps do not say so."""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["zone_named"]

_LOCALTIME = Path("/etc/localtime")


def zone_named(name: str | None) -> tzinfo:
    """A zone by its name in the tz database; without one, this machine's. Raises ValueError."""
    if name is None:
        return _this_machines()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as why:
        raise ValueError(f"{name!r} is no time zone; Africa/Johannesburg is one") from why


def _this_machines() -> tzinfo:
    """As the C library finds it: by TZ where it names one, then /etc/localtime, then UTC."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if named:
        try:
            return ZoneInfo(named)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass  # rules written out, as in CET-1CEST: the machine's own know more
    try:
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return UTC
