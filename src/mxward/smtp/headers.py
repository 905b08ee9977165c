"""The top of a message as it streams by, looked at for loops; nothing of it is kept for long.

At most the first 64 KiB are looked at: Received lines stand on top, and a header that hides its
Message-ID below that is the scanner's own loop detection's affair.
"""

from __future__ import annotations

import re

__all__ = ["HeaderWatch"]

_MAX = 64 * 1024
_END = b"\r\n\r\n"
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?([^\r\n]{1,998})", re.I | re.M)


class HeaderWatch:
    """Collects a message's header until it is whole. `feed` is told what goes upstream."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self.whole = False

    def feed(self, block: bytes) -> bool:
        """Take a block; True once, when the header has become whole."""
        if self.whole:
            return False
        searched = max(0, len(self._seen) - len(_END) + 1)
        self._seen += block[: _MAX - len(self._seen)]
        end = self._seen.find(_END, searched)
        if self._seen.startswith(b"\r\n"):
            self._seen.clear()
        elif end >= 0:
            del self._seen[end + 2 :]
        elif len(self._seen) < _MAX:
            return False
        self.whole = True
        return True

    def finish(self) -> bool:
        """The message has ended; True where that is what makes the header whole."""
        was, self.whole = self.whole, True
        return not was

    @property
    def header(self) -> bytes:
        return bytes(self._seen)

    @property
    def message_id(self) -> bytes:
        """The Message-ID with its brackets, or empty."""
        match = _MESSAGE_ID.search(self._seen)
        return match[1].strip() if match else b""
