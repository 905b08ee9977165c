"""What a client, mxward's log and the mailboxes say about the same mail, to be held together.

The client's word is what it was told is taken; the log's, what was decided and what the mail server
has answered; the mailboxes', what there is. What mail servers do to mail is left out of it: empty
lines, which they put behind what is no header, lines on top that begin with a space, which become
part of their own header, quotes in addresses, their own name behind an address without a domain,
and that who is named twice gets one copy.
"""

from __future__ import annotations

import errno
import json
import re
import select
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.integration.servers import Mail
from tests.integration.shapes import as_sent
from tests.smtp import reference
from tests.smtp.nearend import NearEnd

__all__ = ["Log", "converse", "delivered", "envelopes", "taken", "texts"]

_REPLY = re.compile(rb"(?:\d{3}-[^\r\n]*\r\n)*\d{3}(?: [^\r\n]*)?\r\n")
_PATH = re.compile(rb": *<?([^> ]+)")
_TOP = re.compile(rb"(?:[ \t][^\n]*\n|\n)*")
_SHOWN_OUT = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)
_PAUSE = 0.005  # seconds that a piece gets before the next one, so that it is read by itself


def converse(server: str, pieces: Sequence[bytes], source: str, port: int = 25) -> bytes:
    """Say all that, piece by piece, then no more; what was answered until the end."""
    with socket.create_connection((server, port), 30, (source, 0)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for number, piece in enumerate(pieces, 1):
                client.sendall(piece)
                if number < len(pieces):
                    select.select([client], [], [], _PAUSE)
            client.shutdown(socket.SHUT_WR)
        except OSError as why:
            if why.errno not in _SHOWN_OUT:
                raise
        return b"".join(iter(lambda: _hear(client), b""))


def _hear(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 16)
    except ConnectionResetError:
        return b""


def taken(stream: bytes, heard: bytes) -> list[tuple[bytes, int]]:
    """The messages that the client was told are taken, each with its number of recipients."""
    near, recipients = NearEnd(), set[bytes]()
    near.says(stream)
    found: list[tuple[bytes, int]] = []
    for answer in _REPLY.findall(heard)[1:]:
        if not near.waits:
            break  # the last word
        chunked = not near.in_message
        verb, line = near.answered(answer)
        good = answer.startswith(b"2")
        if verb == "STARTTLS" and good:
            break
        if verb == "MAIL" and good:
            recipients.clear()
        elif verb == "RCPT" and good:
            recipients.update(_PATH.findall(line.lower()))
        elif verb == "END" and good:
            found.append((reference.meant(line, chunked), len(recipients)))
    return found


def texts(messages: Iterable[tuple[bytes, int]]) -> Counter[bytes]:
    """How often each text must be in a mailbox."""
    found: Counter[bytes] = Counter()
    for text, recipients in messages:
        found[_plain_text(text.replace(b"\r\n", b"\n"))] += recipients
    return found


def delivered(mails: Iterable[Mail]) -> Counter[bytes]:
    """How often each text is in a mailbox."""
    return Counter(_plain_text(as_sent(mail.raw)) for mail in mails)


def envelopes(mails: Iterable[Mail]) -> Counter[tuple[str, str]]:
    """Sender and recipient of all mail in the mailboxes."""
    return Counter((_plain(mail.sender), _plain(mail.recipient)) for mail in mails)


def _plain_text(text: bytes) -> bytes:
    top = _TOP.match(text)
    assert top is not None
    return re.sub(rb"\n\n+", b"\n", text[top.end() :]).rstrip(b"\n")


def _plain(address: str) -> str:
    named = address.partition(",")[0].replace('"', "").lower()
    return named.removesuffix("@mail.provider.example")


class Log:
    """A log in JSON, read whole."""

    def __init__(self, path: Path) -> None:
        lines = (line for line in path.read_text().splitlines() if line.startswith("{"))
        self._events = [json.loads(line) for line in lines]

    def events(self, kind: str) -> list[dict[str, str]]:
        return [event for event in self._events if event["event"] == kind]

    @property
    def verdicts(self) -> int:
        """Messages whose client was told by the mail server's word that they are taken."""
        return sum(_positive(event) for event in self.events("message"))

    def envelopes(self, action: str) -> Counter[tuple[str, str]]:
        """Sender and recipient of all mail that was taken, and decided on in this way."""
        done = {event["id"] for event in self.events("message") if _positive(event)}
        taken = {
            (event["id"], _plain(event["from"]), _plain(event["to"]))
            for event in self.events("decision")
            if event["id"] in done and event["action"] == action and _positive(event)
        }
        return Counter((sender, recipient) for _, sender, recipient in taken)


def _positive(event: dict[str, str]) -> bool:
    return str(event["reply"]).startswith("2")
