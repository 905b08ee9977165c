"""The message as it streams by: where it ends, and how it leaves (RFC 5321 4.1.1.4, 4.5.2).

DATA ends at CRLF.CRLF and nowhere else. What leaves is canonical: a stray LF becomes CRLF, a stray
CR a space (as Postfix 3.9 does), and a lone dot that such a change would put on a line of its own
is stuffed, so that no upstream can read an end where there was none. Canonical input leaves as it
came; dots stay stuffed on the way, nothing is unstuffed and stuffed again.
"""

from __future__ import annotations

import re

__all__ = ["END", "DataReader"]

END = b".\r\n"
"""The dot that ends the message. It is sent apart from the message, and only on purpose."""

_TERMINATOR = b"\r\n.\r\n"
_UNDECIDED = re.compile(rb"(?:\r?\n(?:\.\r?)?|\r)\Z")  # what more bytes could turn into an end
_STRAY_LF = re.compile(rb"(?<!\r)\n")
_STRAY_CR = re.compile(rb"\r(?!\n)")
_FALSE_DOT = re.compile(rb"(?<=\r\n)\.(?=\r\n)")


class DataReader:
    """Reads one message. `feed` until it says `ended`; then `rest` holds what came after."""

    def __init__(self) -> None:
        # The first line starts as if a CRLF stood before it; that CRLF is never sent.
        self._held = b"\r\n"
        self._unsent = 2
        self.ended = False
        self.rest = b""
        self.size = 0  # bytes given on, without the final dot
        self.strays = False  # whether anything had to be made canonical

    def feed(self, data: bytes) -> bytes:
        """Take what came from the client; return what may go upstream now."""
        pending = self._held + data if self._held else data
        end = pending.find(_TERMINATOR)
        if end >= 0:
            self.ended = True
            self.rest = pending[end + len(_TERMINATOR) :]
            self._held = b""
            return self._given_on(pending[: end + 2])
        undecided = _UNDECIDED.search(pending, max(0, len(pending) - 4))
        cut = undecided.start() if undecided else len(pending)
        self._held = pending[cut:]
        block = pending[:cut]
        if block.endswith(b"\n.") and self._held.startswith((b"\n", b"\r\n")):
            block += b"."  # a dot alone between line ends that are not both CRLF: no end
        return self._given_on(block)

    def _given_on(self, block: bytes) -> bytes:
        bare = block.replace(b"\r\n", b"")
        if b"\n" in bare or b"\r" in bare:
            self.strays = True
            block = _STRAY_CR.sub(b" ", _STRAY_LF.sub(b"\r\n", block))
            block = _FALSE_DOT.sub(b"..", block)
        if self._unsent and block:
            block, self._unsent = block[self._unsent :], 0
        self.size += len(block)
        return block
