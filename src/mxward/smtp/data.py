"""The message as it streams by: where it ends, and how it leaves (RFC 5321 4.1.1.4, 4.5.2).

DATA ends at CRLF.CRLF and nowhere else. What leaves is canonical: a stray LF becomes CRLF, a stray
CR a space (as Postfix 3.9 does), and a lone dot that such a change would put on a line of its own
is stuffed, so that no upstream can read an end where there was none. Canonical input leaves as it
came; dots stay stuffed on the way, nothing is unstuffed and stuffed again.

Where strays or NUL are to be rejected nothing leaves any more once one was seen. The message is
read to its true end all the same: a reply before that would be out of step.
"""

from __future__ import annotations

import re

from mxward.smtp.content import Content, Newlines
from mxward.smtp.replies import Reply, reply

__all__ = ["END", "DataReader", "canonical", "fault_of"]

END = b".\r\n"
"""The dot that ends the message. It is sent apart from the message, and only on purpose."""

_STRAY = reply(550, "5.5.2 Lines of a message end in CR LF: a bare CR or LF was found")
_NUL = reply(550, "5.6.0 A message must not contain NUL")

_TERMINATOR = b"\r\n.\r\n"
_UNDECIDED = re.compile(rb"(?:\r?\n(?:\.\r?)?|\r)\Z")  # what more bytes could turn into an end
_FALSE_DOT = re.compile(rb"\.(?<=\r\n\.)(?=\r\n)")


def canonical(block: bytes) -> bytes:
    """With CRLF for a stray LF and a space for a stray CR; the same object where there is none.

    Steps over one kind of octet only, which is several times quicker than to look for CRLF.
    """
    if block.replace(b"\r", b"").replace(b"\n", b"\r\n") == block:
        return block
    return block.replace(b"\r\n", b"\n").replace(b"\r", b" ").replace(b"\n", b"\r\n")


def fault_of(content: Content, strays: bool, nuls: bool) -> Reply | None:
    """What a client is told at the end of a message that has strays, or NUL, in it."""
    if strays and content.newlines is Newlines.REJECT:
        return _STRAY
    return _NUL if nuls and not content.nul else None


class DataReader:
    """Reads one message. `feed` until it says `ended`; then `rest` holds what came after."""

    def __init__(self, content: Content = Content()) -> None:  # noqa: B008 - it is immutable
        # The first line starts as if a CRLF stood before it; that CRLF is never sent.
        self._held = b"\r\n"
        self._unsent = 2
        self._content = content
        self._nuls = False
        self.ended = False
        self.rest = b""
        self.size = 0  # bytes given on, without the final dot
        self.strays = False  # whether anything had to be made canonical

    @property
    def fault(self) -> Reply | None:
        """What the client is to be told at the end; from then on nothing is given on."""
        return fault_of(self._content, self.strays, self._nuls)

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
        clean = canonical(block)
        if clean is not block:
            self.strays = True
            block = _FALSE_DOT.sub(b"..", clean)
        if b"\0" in block:
            self._nuls = True
        if self.fault is not None:
            return b""
        if self._unsent and block:
            block, self._unsent = block[self._unsent :], 0
        self.size += len(block)
        return block
