"""What stands before the daemon's name: when a line was written, and where.

Most lines differ from the one before in their seconds only, with microseconds in each of them.
"""

from __future__ import annotations

import re

from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_lines import HEAD
from mxward.maillog.stamps import Clock

__all__ = ["Prefix"]

_SECONDS = {b"%02d" % second: second for second in range(60)}
_SECONDS_BEGIN = len("2026-11-24T10:00:")
_SECONDS_END = len("2026-11-24T10:00:00")
_END = len("2026-11-24T10:00:00.123456")
_POINT = ord(".")
_MICROSECONDS = re.compile(rb"[-0-9]{10}T[0-9:]{8}[.][0-9]{6}(?![0-9])")
_NO_LINE = b"\n"  # begins like this


class Prefix:
    """Reads prefixes, in order, into an entry."""

    def __init__(self, clock: Clock, entry: Entry) -> None:
        self._clock = clock
        self._entry = entry
        self._minute = _NO_LINE  # how the last one began
        self._base = 0.0
        self._host = b""
        self._rest = b""  # what it had after its microseconds

    def read(self, line: bytes) -> int:
        """Where the daemon begins; 0 where what stands before it is unusual, or no date."""
        if line.startswith(self._minute) and line.startswith(self._rest, _END):
            second = _SECONDS.get(line[_SECONDS_BEGIN:_SECONDS_END])
            fraction = line[_SECONDS_END + 1 : _END]
            if second is not None and line[_SECONDS_END] == _POINT and fraction.isdigit():
                self._entry.at = self._base + second + int(fraction) / 1_000_000
                self._entry.host = self._host
                return _END + len(self._rest)
        found = HEAD.match(line)
        at = None if found is None else self._clock.at(found[1])
        if found is None or at is None:
            return 0
        self._entry.at, self._entry.host = at, found[2]
        self._minute = _NO_LINE
        if _MICROSECONDS.match(found[1]) and found.start(1) == 0:
            self._minute, self._base = self._clock.minute
            self._host, self._rest = found[2], found[0][_END:]
        return found.end()
