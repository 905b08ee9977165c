"""Timestamps of logs -> seconds since the epoch, a million a second.

Supported: Exim's `2010-11-17 09:28:01`, with `.123` and ` +0200` where the log has them; RFC 3339's
`2026-11-24T10:00:00.123456+01:00`; RFC 3164's `Nov  7 09:28:01`, whose year is worked out. Not
supported: RFC 3164 logs that cover more than a year (what would come to lie in the future is no
date), and right times within a repeated hour of a log that jumps about.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

__all__ = ["Clock"]

_SECONDS = {b"%02d" % second: second for second in range(61)}  # 60 is a leap second
_MONTHS = {
    name: number
    for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_MINUTE = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})[ Tt]([0-9]{2}):([0-9]{2}):")
_MINUTE_3164 = re.compile(rb"([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):")
_POINTS = b".,"
_TAIL = re.compile(rb"([.,][0-9]{1,9})?(?: ?([+-][0-9]{2}:?[0-9]{2})|([Zz]))?")

_OUT_OF_ORDER = 60
"""Seconds by which a line may be older than the one before it: several processes write a log."""
_AHEAD = 86400
"""Seconds by which an entry may be newer than `not_after`: clocks and zones differ."""
_HALF_A_YEAR = 6  # months
_YEAR_9999 = 253_370_764_800  # no other calendar goes further; nor back beyond the epoch


class Clock:
    """Reads the timestamps of one log, in order. Those of the last minute are remembered.

    `zone` is where the log was written, for stamps that do not say so; `not_after` is when it was
    changed last, in seconds since the epoch: RFC 3164 has no year, and the newest entry is not
    newer than that. Of an hour that comes twice (the end of summer time) the first is meant, until
    the log steps back. What is no date is None; nothing is ever raised.
    """

    def __init__(self, zone: tzinfo, not_after: float) -> None:
        self.zone = zone
        self.not_after = not_after
        self._minute = b""  # the last stamp's text before its seconds, its zone, and its time
        self._offset: bytes | None = None
        self._base = 0.0
        self._ending: bytes | None = None  # what stood after its microseconds, if it had any
        self._minute_3164 = b""
        self._base_3164 = 0.0
        self._year = 0  # of the last RFC 3164 stamp; 0: there was none yet
        self._month = 0

    def held(self) -> Any:
        """What it remembers of the stamps so far; see `kept`."""
        minutes = (self._minute, self._offset, self._base, self._minute_3164, self._base_3164)
        return (*minutes, self._year, self._month)

    def resume(self, held: Any) -> None:
        """Go on from there."""
        self._minute, self._offset, self._base, self._minute_3164, *others = held
        self._base_3164, self._year, self._month = others

    @property
    def minute(self) -> tuple[bytes, float]:
        """How the last stamp with a year began, up to its seconds, and when that was."""
        return self._minute, self._base

    def at(self, stamp: bytes) -> float | None:
        """Any of the forms."""
        return self.iso(stamp) if stamp[:1].isdigit() else self.rfc3164(stamp)

    def iso(self, stamp: bytes) -> float | None:
        """Exim's own, and RFC 3339."""
        second = _SECONDS.get(stamp[17:19])
        if second is None:
            return None
        if len(stamp) == 19:
            if stamp[:17] == self._minute and self._offset is None:
                return self._base + second
            return self._remember(stamp[:17], None, second)
        if (
            stamp[26:] == self._ending
            and stamp[:17] == self._minute
            and stamp[19] in _POINTS
            and stamp[20:26].isdigit()
        ):
            return self._base + second + int(stamp[20:26]) / 1_000_000
        tail = _TAIL.fullmatch(stamp, 19)
        if tail is None:
            return None
        fraction, offset, utc = tail.groups()
        if utc:
            offset = b"+0000"
        at: float | None
        if stamp[:17] == self._minute and self._offset == offset:
            at = self._base + second
        else:
            at = self._remember(stamp[:17], offset, second)
        if at is not None and fraction:
            at += float(b"0." + fraction[1:])
            if len(fraction) == len(".123456"):
                self._ending = stamp[26:]
        return at

    def rfc3164(self, stamp: bytes) -> float | None:
        """What syslog has written since ever: no year, no zone."""
        second = _SECONDS.get(stamp[13:])
        if second is None:
            return None
        if stamp[:13] != self._minute_3164:
            found = _MINUTE_3164.fullmatch(stamp, 0, 13)
            if found is None or found[1] not in _MONTHS:
                return None
            month, *rest = _MONTHS[found[1]], *map(int, found.groups()[1:])
            year = self._infer_year(month, rest[0])
            base = self._local((year, month, *rest), self._base_3164)
            if base is None or base > self.not_after + _AHEAD:
                return None
            self._year, self._month = year, month
            self._minute_3164, self._base_3164 = stamp[:13], base
        return self._base_3164 + second

    def _remember(self, minute: bytes, offset: bytes | None, second: int) -> float | None:
        found = _MINUTE.fullmatch(minute)
        if found is None:
            return None
        fields = tuple(map(int, found.groups()))
        base = self._local(fields, self._base) if offset is None else _moment(fields, offset)
        if base is None:
            return None
        self._minute, self._offset, self._base, self._ending = minute, offset, base, None
        return base + second

    def _local(self, fields: tuple[int, ...], before: float) -> float | None:
        """A minute by the log's zone. Summer time's last hour comes twice: see `Clock`."""
        first = _seconds(fields, self.zone, 0)
        if first is None or first >= before - _OUT_OF_ORDER:
            return first
        second = _seconds(fields, self.zone, 1)
        if second is not None and second > first and second >= before - _OUT_OF_ORDER:
            return second
        return first

    def _infer_year(self, month: int, day: int) -> int:
        """A log goes forward: from December to January the year is another."""
        if self._year:
            if self._month - month > _HALF_A_YEAR:
                return self._year + 1
            if month - self._month > _HALF_A_YEAR:  # out of order around midnight of New Year
                return self._year - 1
            return self._year
        try:
            last = datetime.fromtimestamp(self.not_after, self.zone)
        except (ValueError, OverflowError, OSError):
            last = datetime.fromtimestamp(0, UTC)
        return last.year - ((month, day) > (last.month, last.day))


def _seconds(fields: tuple[int, ...], zone: tzinfo, fold: int) -> float | None:
    year, month, day, hour, minute = fields
    try:
        at = datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < _YEAR_9999 else None


def _moment(fields: tuple[int, ...], offset: bytes) -> float | None:
    """A minute whose distance from UTC is told, as `+0200` or `+02:00`."""
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    if minutes >= 24 * 60 or int(offset[-2:]) > 59:
        return None
    ahead = timedelta(minutes=-minutes if offset[:1] == b"-" else minutes)
    return _seconds(fields, timezone(ahead), 0)
