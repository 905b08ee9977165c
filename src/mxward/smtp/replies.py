"""Replies: the ones we write, and a reader for the ones an upstream sends (RFC 5321 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mxward.smtp import ProtocolError

__all__ = ["Reply", "ReplyReader", "reply"]

MAX_LINE = 2048
"""Bytes in one line of an upstream's reply; RFC 5321 4.5.3.1.5 allows 512."""
MAX_LINES = 100

_TEXT = rb"[^\x00\r\n]*\r\n"
_WHOLE = re.compile(
    rb"(?:([2-5][0-9]{2})-%s(?:\1-%s){0,50}\1|[2-5][0-9]{2}) %s" % (_TEXT, _TEXT, _TEXT)
)
"""One reply, as it nearly always comes: whole, and by itself."""
_LINE = re.compile(rb"([2-5][0-9]{2})([ -]?)([^\x00\r\n]*)")


class Reply:
    """A reply of one or more lines; `lines` are the texts behind the code. Not to be changed."""

    __slots__ = ("_bytes", "code", "lines")

    def __init__(self, code: int, lines: tuple[bytes, ...]) -> None:
        self.code = code
        self.lines = lines
        self._bytes = b""  # once it is asked for: most replies are said many times

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reply) and (self.code, self.lines) == (other.code, other.lines)

    def __hash__(self) -> int:
        return hash((self.code, self.lines))

    def __repr__(self) -> str:
        return f"Reply({self.code}, {self.lines})"

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    def __bytes__(self) -> bytes:
        if not self._bytes:
            *first, last = self.lines
            more = [b"%d-%s\r\n" % (self.code, text) for text in first]
            self._bytes = b"".join([*more, b"%d %s\r\n" % (self.code, last)])
        return self._bytes

    def __str__(self) -> str:
        """The first line, for a log."""
        return f"{self.code} {self.lines[0].decode('utf-8', 'backslashreplace')}"

    def with_code(self, code: int) -> Reply:
        """The same text under another code; an enhanced code in front keeps in step (RFC 2034)."""
        digit = b"%d." % (code // 100)
        lines = tuple(re.sub(rb"^[245]\.(?=[0-9]{1,3}\.[0-9]{1,3} )", digit, t) for t in self.lines)
        return Reply(code, lines)


def reply(code: int, *lines: str) -> Reply:
    """A reply of our own."""
    return Reply(code, tuple([line.encode() for line in lines]))


@lru_cache(maxsize=1_000)
def _whole(data: bytes) -> Reply:
    """Mail servers repeat themselves: most replies are read once."""
    lines = data.split(b"\r\n")[:-1]
    return Reply(int(data[:3]), tuple([line[4:] for line in lines]))


class ReplyReader:
    """Frames an upstream's bytes into replies. Strict: lines end in CRLF, one code a reply."""

    __slots__ = ("_buffer", "_code", "_lines")

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def empty(self) -> bool:
        """Whether no reply has begun."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that are now complete, each as soon as it is read.

        Raises ProtocolError behind the last good one; feed no more after that.
        """
        if self.empty and len(data) <= MAX_LINE and _WHOLE.fullmatch(data):
            yield _whole(data)
            return
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            complete = self._take(line)
            if complete is not None:
                yield complete
        if len(self._buffer) > MAX_LINE + 1:  # one more may be the CR of a line that just fits
            raise ProtocolError("a reply line is too long")

    def _take(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line) if len(line) <= MAX_LINE else None
        if match is None:
            raise ProtocolError(f"no reply line: {line[:80]!r}")
        code, separator, text = match.groups()
        if self._lines and code != self._code:
            raise ProtocolError(f"a reply changes its code: {line[:80]!r}")
        if not separator and text:
            raise ProtocolError(f"no reply line: {line[:80]!r}")
        self._code = code
        self._lines.append(text)
        if len(self._lines) > MAX_LINES:
            raise ProtocolError("a reply has too many lines")
        if separator == b"-":
            return None
        complete = Reply(int(code), tuple(self._lines))
        self._lines = []
        return complete
