"""Long lines that Exim gives to syslog in parts: `[1\\3] `, `[2/3] `, joined again.

`\\` says that the part ended at a line end, `/` that it was too long, or the last one. Parts of
different processes come mixed. Bounded: of too many unfinished lines the oldest is given up.
"""

from __future__ import annotations

import re

from mxward.maillog.syslog import Prefixed

__all__ = ["Chunks"]

MOST_UNFINISHED = 1000
MOST_PARTS = 100
_PART = re.compile(rb"\[([0-9]{1,3})([\\/])([0-9]{1,3})\] ")


class Chunks:
    """The unfinished lines, by who writes them."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[bytes | None, bytes, bytes | None], list[bytes]] = {}

    def join(self, prefixed: Prefixed) -> bytes | None:
        """The whole line; None while there is more to come."""
        found = _PART.match(prefixed.rest)
        if found is None:
            return prefixed.rest
        part, of = int(found[1]), int(found[3])
        key = (prefixed.host, prefixed.program, prefixed.pid)
        text = prefixed.rest[found.end() :]
        if found[2] == b"\\":
            text += b"\n"
        if part == 1:
            self._unfinished.pop(key, None)
            if of > MOST_PARTS or part == of:
                return text
            self._unfinished[key] = [text]
            if len(self._unfinished) > MOST_UNFINISHED:
                del self._unfinished[next(iter(self._unfinished))]
            return None
        parts = self._unfinished.get(key)
        if parts is None or len(parts) != part - 1:
            self._unfinished.pop(key, None)
            return text
        parts.append(text)
        if part < of:
            return None
        del self._unfinished[key]
        return b"".join(parts)
