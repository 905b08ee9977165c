"""Messages that come in chunks (BDAT, RFC 3030), on their way to DATA or to BDAT.

A chunk is counted, not searched: whatever its octets look like, it ends where it said it would.
What leaves is as canonical as behind DATA: a stray LF becomes CRLF, a stray CR a space, also where
a chunk's border stands within a CRLF. Towards DATA each leading dot is stuffed, and a last line
without its CRLF gets one (RFC 5321 4.5.2). BINARYMIME leaves as it came, and only as chunks.

At most a CR is held back between chunks. A chunk's size is bounded by its digits only: whoever
takes the command must refuse what is too large, and `Drain` it or close.
"""

from __future__ import annotations

import re

from mxward.smtp.commands import CommandError
from mxward.smtp.content import Content
from mxward.smtp.data import canonical, fault_of
from mxward.smtp.replies import Reply, reply

__all__ = ["ChunkReader", "Drain", "chunk", "parse_bdat"]

_ARGUMENTS = re.compile(r"([0-9]{1,20})(?: +(LAST))?", re.ASCII | re.IGNORECASE)


def parse_bdat(text: str) -> tuple[int, bool]:
    """The arguments of BDAT: the chunk's size in octets, and whether it is the last one.

    Raises CommandError. Where the chunk would end nobody knows then: the session cannot go on.
    """
    match = _ARGUMENTS.fullmatch(text)
    if match is None:
        raise CommandError(reply(501, "5.5.4 Syntax: BDAT size [LAST]"))
    return int(match[1]), match[2] is not None


def chunk(block: bytes, last: bool) -> bytes:
    """A chunk of our own, for an upstream that takes them."""
    return b"BDAT %d%s\r\n" % (len(block), b" LAST" if last else b"") + block


class ChunkReader:
    """Reads one message. After each `begin`, `feed` until it says `chunk_ended`, and with b"" where
    nothing has come yet; then `rest` holds what came behind the chunk.

    `stuffed` makes it fit for DATA; `binary` leaves every octet alone. Both at once: ValueError.
    """

    def __init__(self, content: Content, *, stuffed: bool, binary: bool = False) -> None:
        if stuffed and binary:
            raise ValueError("BINARYMIME cannot go through DATA")
        self._content = content
        self._stuffed = stuffed
        self._binary = binary
        self._held = b""
        self._last = False
        self._at_line_start = True
        self._strays = False
        self._nuls = False
        self.missing = 0  # octets of the present chunk that are still to come
        self.chunk_ended = True
        self.ended = False  # with the last chunk
        self.rest = b""
        self.size = 0  # bytes given on, without the final dot

    @property
    def fault(self) -> Reply | None:
        """What the client is to be told at the end; from then on nothing is given on."""
        return fault_of(self._content, self._strays, self._nuls)

    def begin(self, size: int, last: bool) -> None:
        """A BDAT command has come."""
        self.missing = size
        self._last = last
        self.chunk_ended = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take what came from the client; return what may go upstream now."""
        octets, self.rest = data[: self.missing], data[self.missing :]
        self.missing -= len(octets)
        self.chunk_ended = not self.missing
        self.ended = self.chunk_ended and self._last
        block = octets if self._binary else self._text(octets)
        self.size += len(block)
        return block

    def _text(self, octets: bytes) -> bytes:
        block = self._held + octets if self._held else octets
        self._held = b""
        if block.endswith(b"\r") and not self.ended:
            self._held, block = b"\r", block[:-1]
        clean = canonical(block)
        self._strays = self._strays or clean is not block
        self._nuls = self._nuls or b"\0" in block
        if self.fault is not None:
            return b""
        return self._with_dots(clean) if self._stuffed else clean

    def _with_dots(self, block: bytes) -> bytes:
        stuffed = block.replace(b"\r\n.", b"\r\n..")
        if self._at_line_start and block.startswith(b"."):
            stuffed = b"." + stuffed
        if block:
            self._at_line_start = block.endswith(b"\r\n")
        if self.ended and not self._at_line_start:
            stuffed, self._at_line_start = stuffed + b"\r\n", True
        return stuffed


class Drain:
    """Swallows the octets of a chunk that was refused; they come all the same (RFC 3030 2)."""

    def __init__(self, size: int) -> None:
        self.missing = size

    @property
    def done(self) -> bool:
        return not self.missing

    def feed(self, data: bytes) -> bytes:
        """Take what came from the client; return what stands behind the chunk."""
        rest = data[self.missing :]
        self.missing -= len(data) - len(rest)
        return rest
