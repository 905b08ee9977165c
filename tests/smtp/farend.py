"""One upstream connection as its far end sees it: a strict reader of what the relay sends.

Independent of the relay's own parsers on purpose. Whatever a sane server would not expect is an
AssertionError: a bare CR or LF, a command before the last one was answered (unless it has offered
PIPELINING), an extension it has not offered, a word too many, a word in the clear behind STARTTLS.
"""

from __future__ import annotations

import re
from collections import deque

from mxward.smtp.vocabulary import Endpoint

__all__ = ["FarEnd", "end_of_message"]

_REPLY = re.compile(rb"[2-5][0-9][0-9](?: [^\r\n\0]*)?")
_MORE = re.compile(rb"([2-5][0-9][0-9])-[^\r\n\0]*")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_PARAMETERS = re.compile(rb"(?: [A-Z0-9-]+(?:=[^\x00-\x20=\x7f]+)?)*")
_BDAT = re.compile(rb"BDAT ([0-9]+)( LAST)?\r\n")
_RESPONSE = re.compile(rb"[A-Za-z0-9+/]*={0,2}|\*")
_XCLIENT = re.compile(rb"XCLIENT((?: [A-Z]+=[\x21-\x7e]+)+)")
_FIRST_WORDS = ("greeting", "EHLO", "HELO", "STARTTLS", "XCLIENT")
_NEEDS = {  # a parameter, and what must be offered for it
    "SIZE": "SIZE",
    "SMTPUTF8": "SMTPUTF8",
    "RET": "DSN",
    "ENVID": "DSN",
    "NOTIFY": "DSN",
    "ORCPT": "DSN",
    "AUTH": "AUTH",
}


def end_of_message(data: bytes) -> int:
    """Where the message ends, its last CRLF included; -1 where it does not."""
    if data.startswith(b".\r\n"):
        return 0
    before = data.find(b"\r\n.\r\n")
    return before + 2 if before >= 0 else -1


class FarEnd:
    """What one upstream was sent and has said. `owed` names what it owes an answer to."""

    def __init__(self, endpoint: Endpoint, preamble: bytes) -> None:
        self.endpoint = endpoint
        self.stands = False
        self.owed: deque[str] = deque(["greeting"])
        self.offers: dict[str, str] = {}  # by its last EHLO
        self.secured = False
        self.securing = endpoint.implicit  # it waits for the handshake
        self.shaking = False  # the handshake has begun
        self.excused = False  # TLS was offered, and was not to be had
        self.told: dict[str, str] = {}  # by XCLIENT
        self.authenticated = False
        self.challenged = False  # it waits for a line of an AUTH exchange
        self.answers: dict[str, bytes] = {}  # its last answer to each question
        self.said: list[bytes] = []  # all its replies
        self.heard: list[tuple[str, bytes]] = []  # its last answers, with what they answer
        self.clean = True  # it has refused nothing
        self.sender: str | None = None  # of the transaction that stands
        self.recipients: list[str] = []  # that it has accepted
        self.binary = False  # the transaction is BINARYMIME
        self.streaming = False  # behind 354
        self.chunked = False  # the message comes by BDAT
        self.refused = False  # while the message streamed, or a chunk of it
        self.broken = False  # it has said what nobody asked
        self.message: bytes | None = None  # once its end has come
        self.preamble = preamble  # until it has come
        self._paths: deque[str] = deque()
        self._void = 0  # recipients behind a refused MAIL, not answered yet
        self._unread = b""
        self._saying = b""
        self._lines: list[bytes] = []

    @property
    def asked(self) -> str:
        """What it owes next; empty where it owes nothing."""
        if self.securing:
            return "TLS"
        return self.owed[0] if self.owed else ""

    @property
    def pipelines(self) -> bool:
        return "PIPELINING" in self.offers

    @property
    def halfway(self) -> bool:
        """Whether it stands in the middle of a reply."""
        return bool(self._saying or self._lines)

    # -- what the relay sends -----------------------------------------------------------------

    def take(self, data: bytes) -> list[tuple[str, str]]:
        """Read what was sent; the commands in it, with the path, the text or nothing."""
        assert self.stands, "sent before the connection stood"
        if self.preamble:
            assert data == self.preamble, f"another preamble: {data!r}"
            self.preamble = b""
            return []
        assert not self.securing, f"in the clear where TLS is to begin: {data!r}"
        if self.streaming:
            self._stream(data)
            return [] if self.streaming else [("END", "")]
        seen: list[tuple[str, str]] = []
        while data:
            line, crlf, data = data.partition(b"\r\n")
            assert crlf, f"half a line: {line!r}"
            chunk = _BDAT.fullmatch(line + crlf)
            if chunk:
                octets, data = data[: int(chunk[1])], data[int(chunk[1]) :]
                assert len(octets) == int(chunk[1]), "half a chunk"
                seen.append(self._chunk(octets, chunk[2] is not None))
            else:
                seen.append(self._command(line))
        return seen

    def _stream(self, data: bytes) -> None:
        assert not _BARE.search(data), f"a bare CR or LF: {data!r}"
        self._unread += data
        end = end_of_message(self._unread)
        if end >= 0:
            assert len(self._unread) == end + 3, "sent on behind the end"
            self.message, self._unread = self._unread[:end], b""
            self.streaming = False
            self.owed.append("END")

    def _chunk(self, octets: bytes, last: bool) -> tuple[str, str]:
        assert {"CHUNKING", "PIPELINING"} <= self.offers.keys(), "a chunk where none is taken"
        assert not self.broken, "a chunk for an upstream that talks nonsense"
        assert set(self.owed) <= {"BDAT"}, f"a chunk before {self.asked} was answered"
        assert self.recipients and not self.refused
        assert self.binary or not _BARE.search(octets), f"a bare CR or LF: {octets!r}"
        if not self.chunked:
            self.chunked, self.message = True, None
        self._unread += octets
        if last:
            self.message, self._unread = self._unread, b""
        self.owed.append("END" if last else "BDAT")
        return self.owed[-1], ""

    def _command(self, line: bytes) -> tuple[str, str]:
        assert not self.broken or line == b"QUIT", f"{line!r} to one that talks nonsense"
        assert not re.search(rb"[\r\n\0]", line), f"a control character: {line!r}"
        assert not self.chunked, f"{line!r} amid chunks"
        if self.challenged:
            return self._response(line)
        verb = line.partition(b" ")[0].decode()
        self._in_its_turn(verb, line)
        self.owed.append(verb)
        self.answers.pop(verb, None)
        self.answers.pop("END", None)
        for head in (b"MAIL FROM:<", b"RCPT TO:<"):
            if line.startswith(head):
                path = self._read_path(line[len(head) :])
                self._paths.append(path)
                return verb, path
        if verb == "XCLIENT":
            return verb, self._xclient(line)
        known = rb"(?:EHLO|HELO) .+|DATA|RSET|QUIT|STARTTLS|AUTH [A-Z0-9_-]+(?: [A-Za-z0-9+/=]+)?"
        assert re.fullmatch(known, line), f"sent {line!r}"
        assert verb not in ("STARTTLS", "AUTH") or verb in self.offers, f"{verb} is not offered"
        return verb, line.decode().partition(" ")[2]

    def _in_its_turn(self, verb: str, line: bytes) -> None:
        """What may go out before the last answer has come (RFC 2920 3.1)."""
        if not self.owed:
            return
        group = {"MAIL", "RCPT"} if self.pipelines and verb in ("MAIL", "RCPT") else set()
        introduced = {"XCLIENT"} if verb == "EHLO" else set()
        allowed = group or introduced
        assert set(self.owed) <= allowed, f"{line!r} before {self.asked} was answered"

    def _response(self, line: bytes) -> tuple[str, str]:
        assert not self.owed
        assert _RESPONSE.fullmatch(line), f"no line of AUTH: {line!r}"
        self.challenged = False
        self.owed.append("AUTH")
        self.answers.pop("AUTH", None)
        return "RESPONSE", line.decode()

    def _xclient(self, line: bytes) -> str:
        match = _XCLIENT.fullmatch(line)
        assert match and len(line) + 2 <= 512, f"sent {line!r}"
        assert self.sender is None, "XCLIENT in a transaction"
        words = dict(word.split("=", 1) for word in match[1].decode().split())
        offered = self.offers.get("XCLIENT", "").split()
        assert set(words) - {"ADDR"} <= set(offered), f"{words}, and it offers {offered}"
        self.told = words
        return match[1].decode()

    def _read_path(self, text: bytes) -> str:
        """Up to the `>` that is not in quotes; what follows can only be parameters on offer."""
        match = re.match(rb'((?:[^">]|"(?:[^"\\]|\\.)*")*)>', text)
        assert match, f"no path: {text!r}"
        behind = text[match.end() :]
        assert _PARAMETERS.fullmatch(behind), f"behind the path: {text!r}"
        for word in behind.decode().split(" ")[1:]:
            key, _, value = word.partition("=")
            if key == "BODY":
                body = value.upper()
                assert body != "BINARYMIME" or {"BINARYMIME", "CHUNKING"} <= self.offers.keys()
                assert {"8BITMIME", "BINARYMIME"} & self.offers.keys(), "BODY is not offered"
                self.binary = body == "BINARYMIME"
            else:
                assert _NEEDS[key] in self.offers, f"{key} is not offered"
        if self.owed[-1] == "MAIL" and b"BODY=" not in behind:
            self.binary = False
        return match[1].decode()

    def secure(self) -> None:
        """The handshake has succeeded: all that was said before is forgotten."""
        self.securing, self.shaking, self.secured, self.offers = False, False, True, {}

    def next_client(self) -> None:
        """It was kept, and serves another client from now on."""
        assert not self.owed and not self._unread and not self._saying and not self._lines
        self.told = {}
        self.answers = {}

    # -- what it says -------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        """Note what is about to be said; the answers in it are then `heard`."""
        self.heard = []
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
        if self.securing and (self._saying or self._lines):
            self.broken = True

    def _reply(self, code: int, raw: bytes) -> None:
        if self.broken:
            return
        self.said.append(raw)
        if self.owed and not self.securing:
            asked = self.owed.popleft()
            self.answers[asked] = raw
            self.clean = self.clean and (code < 400 or asked in _FIRST_WORDS)
            self._answered(asked, code)
        elif self.streaming and code >= 400:
            self.refused = True
            self.answers["END"] = raw
        else:
            self.broken = True

    def _answered(self, asked: str, code: int) -> None:
        if asked == "RCPT" and self._void:
            self._void -= 1
            self._paths.popleft()
            self.broken = self.broken or code < 300
            return
        self.heard.append((asked, self.answers[asked]))
        if asked == "EHLO":
            self.offers = _keywords(self.answers[asked]) if code < 300 else {}
        elif asked == "HELO":
            self.offers = {}
        elif asked == "STARTTLS":
            self.securing = code == 220
        elif asked == "AUTH":
            self.challenged, self.authenticated = code == 334, code == 235
            self.clean = False
        elif asked == "MAIL":
            path = self._paths.popleft()
            self.sender, self.recipients = (path if code < 300 else None), []
            self._void = 0 if code < 300 else self.owed.count("RCPT")
        elif asked == "RCPT":
            path = self._paths.popleft()
            self.recipients += [path] * (code < 300)
        elif asked == "DATA" and code == 354:
            self.streaming, self.refused, self.message = True, False, None
        elif asked == "BDAT":
            self.refused = self.refused or code >= 300
        elif asked in ("END", "RSET"):
            self.sender, self.recipients = None, []
            self.chunked = self.refused = self.binary = False


def _keywords(raw: bytes) -> dict[str, str]:
    """What an EHLO reply offers."""
    words = {}
    for line in raw.split(b"\r\n")[1:-1]:
        match = re.fullmatch(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?", line[4:].rstrip())
        if match and not re.search(rb"[^\x20-\x7e]", match[2] or b""):
            words[match[1].decode().upper()] = (match[2] or b"").decode()
    return words
