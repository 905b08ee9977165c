"""Long lines that Exim gives to syslog in parts: `[1\\3] `, `[2/3] `, joined again.

`\\` says that the part ended at a line end, `/` that it was too long, or the last one. Parts of
different processes come mixed. Bounded: of too many unfinished lines the oldest is given up.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from mxward.maillog.syslog import Prefixed

__all__ = ["Chunks", "Part"]

MOST_UNFINISHED = 1000
MOST_PARTS = 100
_PART = re.compile(rb"\[([0-9]{1,3})([\\/])([0-9]{1,3})\] ")


class Part(Enum):
    """What is no whole line."""

    MORE = "there is more to come"
    LOST = "what stood before it is missing"


class Chunks:
    """The unfinished lines, by who writes them."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[bytes | None, bytes, bytes | None], list[bytes]] = {}

    def held(self) -> Any:
        """See `kept`."""
        return self._unfinished

    def resume(self, held: Any) -> None:
        self._unfinished = dict(held)

    def join(self, prefixed: Prefixed) -> bytes | Part:
        """The whole line. What stands in a later part alone may be anybody's words: it is lost."""
        found = _PART.match(prefixed.rest)
        if found is None:
            return prefixed.rest
        part, of = int(found[1]), int(found[3])
        key = (prefixed.host, prefixed.program, prefixed.pid)
        parts = self._unfinished.pop(key, None)
        if part == 1:
            parts = []
            if len(self._unfinished) >= MOST_UNFINISHED:
                del self._unfinished[next(iter(self._unfinished))]
        if parts is None or len(parts) != part - 1 or not part <= of <= MOST_PARTS:
            return Part.LOST
        parts.append(prefixed.rest[found.end() :] + (b"\n" if found[2] == b"\\" else b""))
        if part == of:
            return b"".join(parts)
        self._unfinished[key] = parts
        return Part.MORE
