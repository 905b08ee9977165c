"""The time zone in which a log was written, where its stamps do not say so."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["FileZone", "zone_named"]

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
        return FileZone(_LOCALTIME)
    except (OSError, ValueError):
        return UTC


class FileZone(tzinfo):
    """What a file of the tz database says; unlike ZoneInfo's own, other processes can be given it.

    Raises OSError, and ValueError where it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._zone = ZoneInfo.from_file(file)

    def __reduce__(self) -> tuple[type[FileZone], tuple[Path]]:
        return FileZone, (self._path,)

    def utcoffset(self, at: datetime | None) -> timedelta | None:
        return self._zone.utcoffset(at)

    def dst(self, at: datetime | None) -> timedelta | None:
        return self._zone.dst(at)

    def tzname(self, at: datetime | None) -> str | None:
        return self._zone.tzname(at)

    def fromutc(self, at: datetime) -> datetime:
        return self._zone.fromutc(at.replace(tzinfo=self._zone)).replace(tzinfo=self)
