"""The client's side of the line: bytes -> one command at a time.

The input buffer is the only queue: a command is taken out of it when the relay is ready for it, so
pipelined commands (RFC 2920) wait here. Lines end in CRLF; a bare CR or LF ends nothing, and since
whoever sends one cannot be understood for certain, the session ends.
"""

from __future__ import annotations

from mxward.smtp.commands import Command, CommandError, Mail, Rcpt, parse
from mxward.smtp.limits import Limits
from mxward.smtp.replies import Reply, reply

__all__ = ["BrokenDialogue", "Dialogue"]

ENOUGH = 64 * 1024
"""Bytes of waiting commands from which on the client is not read any further."""


class BrokenDialogue(Exception):
    """The session cannot go on; `reply` is the last word.

    The client's bytes can no longer be told apart into lines, or it has met a limit: `limit` is the
    one of [limits].
    """

    def __init__(self, last_word: Reply, limit: str = "") -> None:
        super().__init__(str(last_word))
        self.reply = last_word
        self.limit = limit


class Dialogue:
    """What the client has sent and nobody has taken yet."""

    __slots__ = ("_at", "_buffer", "_errors", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = b""
        self._at = 0  # what stands before is taken
        self._errors = 0

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0

    @property
    def full(self) -> bool:
        return len(self._buffer) - self._at > ENOUGH

    @property
    def empty(self) -> bool:
        return self._at >= len(self._buffer)

    def take_all(self) -> bytes:
        """What has come, as it is: the stream behind DATA."""
        taken = self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        return taken

    def give_back(self, rest: bytes) -> None:
        """What came behind the end of that stream."""
        self._buffer, self._at = rest, 0

    def next_command(self) -> Command | Mail | Rcpt | Reply | None:
        """The next command, or what is to be answered to a bad one; None until a line is whole.

        Raises BrokenDialogue.
        """
        line = self.next_line()
        if line is None:
            return None
        try:
            return parse(line)
        except CommandError as bad:
            return self.error(bad.reply)

    def error(self, answer: Reply) -> Reply:
        """Count a mistake of the client. Raises BrokenDialogue at one too many."""
        self.count_error()
        return answer

    def count_error(self) -> None:
        """A mistake that was answered already. Raises BrokenDialogue at one too many."""
        self._errors += 1
        if self._errors > self._limits.errors:
            raise BrokenDialogue(reply(421, "4.7.0 Too many errors"), "errors")

    def next_is(self, verb: bytes) -> bool:
        """Whether a whole line waits that begins with a verb of four letters."""
        at = self._at
        if self._buffer[at : at + 4].upper() != verb:
            return False
        end = self._buffer.find(b"\n", at, at + self._limits.line + 2)
        return end > 0 and self._buffer.find(b"\r", at, end) == end - 1

    def next_line(self, longest: int = 0) -> bytes | None:
        """The next line without its CRLF, None until it is whole. Raises BrokenDialogue."""
        buffer, at = self._buffer, self._at
        if at >= len(buffer):
            return None
        most = longest or self._limits.line
        end = buffer.find(b"\r\n", at, at + most + 2)
        line = buffer[at : at + most + 2 if end < 0 else end]
        if b"\n" in line or b"\r" in line[: len(line) - (end < 0)]:
            raise BrokenDialogue(reply(500, "5.5.2 Lines end in CR LF"))
        if end < 0:
            if len(line) > most + 1:  # one more may be the CR of a line that just fits
                raise BrokenDialogue(reply(500, "5.5.2 Line too long"), "line")
            return None
        self._at = end + 2
        return line
