"""The client's side of a session, read once more: what it has said, and what that is owed.

Independent of the relay's own parsers on purpose: lines, messages behind DATA, octets behind BDAT.
"""

from __future__ import annotations

import re
from collections import deque

from tests.smtp.farend import end_of_message

__all__ = ["NearEnd"]

_BDAT = re.compile(rb"BDAT +([0-9]{1,20})( +LAST)? *", re.IGNORECASE)


class NearEnd:
    """What a client has said and has no answer to. `answered` takes one reply after the other."""

    def __init__(self) -> None:
        self.unread = b""
        self.in_message = False  # behind 354
        self.in_exchange = False  # behind 334
        self.chunks = b""  # of the message, that were answered
        self.spoiled = False  # a chunk was refused: the message can never be whole
        self.was_asked = False  # whether the policy was asked about the last RCPT answered
        self._asked: deque[bool] = deque()  # the same of the first lines that are not answered

    def says(self, data: bytes) -> None:
        self.unread += data

    def answered(self, answer: bytes) -> tuple[str, bytes]:
        """What this reply answers: the verb (END, RESPONSE) and its line or message."""
        if self.in_message:
            return "END", self._end()
        line, crlf, rest = self.unread.partition(b"\r\n")
        assert crlf, f"nobody asked for {answer!r}"
        self.was_asked = bool(self._asked) and self._asked.popleft()
        if self.in_exchange:
            self.unread = rest
            self.in_exchange = answer.startswith(b"334")
            return "RESPONSE", line
        chunk = _BDAT.fullmatch(line)
        if chunk:
            return self._chunk(rest, int(chunk[1]), chunk[2] is not None, answer)
        self.unread = rest
        verb = line.partition(b" ")[0].decode("latin-1").upper()
        if verb == "BDAT":
            return "", line  # not even a number
        self.in_message = verb == "DATA" and answer.startswith(b"354")
        self.in_exchange = verb == "AUTH" and answer.startswith(b"334")
        if verb == "MAIL" and answer.startswith(b"2"):
            self.chunks, self.spoiled = b"", False
        return verb, line

    def _end(self) -> bytes:
        end = end_of_message(self.unread)
        assert end >= 0, "a verdict before the end of the message"
        message, self.unread = self.unread[:end], self.unread[end + 3 :]
        self.in_message = False
        return message

    def _chunk(self, rest: bytes, size: int, last: bool, answer: bytes) -> tuple[str, bytes]:
        octets, self.unread = rest[:size], rest[size:]
        assert len(octets) == size, f"a chunk is answered amid its octets: {answer!r}"
        if last:
            message, self.chunks = self.chunks + octets, b""
            assert not (self.spoiled and answer.startswith(b"2")), "a message without all chunks"
            return "END", message
        if not answer.startswith((b"554 5.5.1", b"503 5.5.1")):  # else it was none of a message
            self.chunks += octets
            self.spoiled = self.spoiled or not answer.startswith(b"2")
        return "BDAT", octets

    def question(self, recipient: str) -> None:
        """Somebody asks about a recipient: it must stand in the next RCPT line, or behind lines of
        RCPT that are no good."""
        lines = self.unread.split(b"\r\n")[:-1]
        for line in lines[len(self._asked) :]:
            assert line[:4].upper() == b"RCPT", f"{recipient} is asked about before its turn"
            self._asked.append(recipient.encode() in line)
            if self._asked[-1]:
                return
        raise AssertionError(f"nobody has named {recipient}")

    def asked_about_the_next(self) -> None:
        """The question was about one of the RCPT lines behind this one."""
        later = [n for n, asked in enumerate(self._asked) if not asked]
        if later:
            self._asked[later[0]] = True
        else:
            self._asked.append(True)

    @property
    def message(self) -> bytes | None:
        """The whole message that waits for its verdict, None where it has not ended."""
        if self.in_message:
            end = end_of_message(self.unread)
            return self.unread[:end] if end >= 0 else None
        line, _, rest = self.unread.partition(b"\r\n")
        chunk = _BDAT.fullmatch(line)
        if chunk is None or chunk[2] is None or len(rest) < int(chunk[1]):
            return None
        return self.chunks + rest[: int(chunk[1])]

    @property
    def waits(self) -> bool:
        """Whether something whole has no answer yet."""
        if self.in_message:
            return end_of_message(self.unread) >= 0
        line, crlf, rest = self.unread.partition(b"\r\n")
        chunk = _BDAT.fullmatch(line)
        return bool(crlf) and (chunk is None or len(rest) >= int(chunk[1]))

    @property
    def in_chunk(self) -> bool:
        """Whether octets of a chunk are still to come."""
        line, crlf, rest = self.unread.partition(b"\r\n")
        chunk = None if self.in_message else _BDAT.fullmatch(line)
        return bool(crlf) and chunk is not None and len(rest) < int(chunk[1])
