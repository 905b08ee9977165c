"""One upstream connection as its far end sees it: a strict reader of what the relay sends.

Independent of the relay's own parsers on purpose. Whatever a sane server would not expect is an
AssertionError: a bare CR or LF, a command before the last one was answered, a word too many.
"""

from __future__ import annotations

import re

from mxward.smtp.vocabulary import Endpoint

__all__ = ["FarEnd", "end_of_message"]

_REPLY = re.compile(rb"[2-5][0-9][0-9](?: [^\r\n\0]*)?")
_MORE = re.compile(rb"([2-5][0-9][0-9])-[^\r\n\0]*")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_PARAMETERS = re.compile(rb"(?: [A-Z0-9-]+(?:=[^\x00-\x20=\x7f]+)?)*")


def end_of_message(data: bytes) -> int:
    """Where the message ends, its last CRLF included; -1 where it does not."""
    if data.startswith(b".\r\n"):
        return 0
    before = data.find(b"\r\n.\r\n")
    return before + 2 if before >= 0 else -1


class FarEnd:
    """What one upstream was sent and has said. `asked` names what it owes an answer to."""

    def __init__(self, endpoint: Endpoint, preamble: bytes) -> None:
        self.endpoint = endpoint
        self.stands = False
        self.asked = "greeting"
        self.answers: dict[str, bytes] = {}  # its last answer to each question
        self.said: list[bytes] = []  # all its replies
        self.sender: str | None = None  # of the transaction that stands
        self.recipients: list[str] = []  # that it has accepted
        self.streaming = False
        self.refused = False  # while the message streamed
        self.broken = False  # it has said what nobody asked
        self.message: bytes | None = None  # once its dot has come
        self._preamble = preamble
        self._path = ""
        self._unread = b""
        self._saying = b""
        self._lines: list[bytes] = []

    # -- what the relay sends -----------------------------------------------------------------

    def take(self, data: bytes) -> list[tuple[str, str]]:
        """Read what was sent; the commands in it, with the path of MAIL and RCPT."""
        assert self.stands, "sent before the connection stood"
        if self._preamble:
            assert data == self._preamble, f"another preamble: {data!r}"
            self._preamble = b""
            return []
        if self.streaming:
            self._stream(data)
            return [] if self.streaming else [("END", "")]
        assert data.endswith(b"\r\n"), f"half a line: {data!r}"
        return [self._command(line) for line in data[:-2].split(b"\r\n")]

    def _stream(self, data: bytes) -> None:
        assert not _BARE.search(data), f"a bare CR or LF: {data!r}"
        self._unread += data
        end = end_of_message(self._unread)
        if end >= 0:
            assert len(self._unread) == end + 3, "sent on behind the end"
            self.message, self._unread = self._unread[:end], b""
            self.streaming = False
            self.asked = "END"

    def _command(self, line: bytes) -> tuple[str, str]:
        assert not self.asked, f"{line!r} before {self.asked} was answered"
        assert not self.broken, f"{line!r} to an upstream that talks nonsense"
        assert not re.search(rb"[\r\n\0]", line), f"a control character: {line!r}"
        self.asked = line[:4].decode()
        self.answers.pop(self.asked, None)
        self.answers.pop("END", None)
        for head in (b"MAIL FROM:<", b"RCPT TO:<"):
            if line.startswith(head):
                self._path = self._read_path(line[len(head) :])
                return self.asked, self._path
        assert re.fullmatch(rb"(?:EHLO|HELO) .+|DATA|RSET|QUIT", line), f"sent {line!r}"
        return self.asked, ""

    def _read_path(self, text: bytes) -> str:
        """Up to the `>` that is not in quotes; what follows can only be parameters."""
        match = re.match(rb'((?:[^">]|"(?:[^"\\]|\\.)*")*)>', text)
        assert match, f"no path: {text!r}"
        assert _PARAMETERS.fullmatch(text[match.end() :]), f"behind the path: {text!r}"
        return match[1].decode()

    # -- what it says -------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        """Note what is about to be said."""
        *lines, self._saying = (self._saying + data).split(b"\r\n")
        for line in lines:
            self._lines.append(line)
            if _REPLY.fullmatch(line) and all(
                (more := _MORE.fullmatch(x)) and more[1] == line[:3] for x in self._lines[:-1]
            ):
                raw = b"\r\n".join(self._lines) + (b"\r\n" if line[3:] else b" \r\n")
                self._reply(int(line[:3]), raw)
                self._lines = []
            elif not _MORE.fullmatch(line):
                self.broken = True

    def _reply(self, code: int, raw: bytes) -> None:
        if self.broken:
            return
        self.said.append(raw)
        asked, self.asked = self.asked, ""
        if asked:
            self.answers[asked] = raw
            self._answered(asked, code)
        elif self.streaming and code >= 400:
            self.refused = True
        else:
            self.broken = True

    def _answered(self, asked: str, code: int) -> None:
        if asked == "DATA" and code == 354:
            self.streaming, self.refused, self.message = True, False, None
        elif asked == "MAIL":
            self.sender, self.recipients = (self._path if code < 300 else None), []
        elif asked == "RCPT" and code < 300:
            self.recipients.append(self._path)
        elif asked in ("END", "RSET"):
            self.sender, self.recipients = None, []
