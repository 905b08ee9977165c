"""What a case is, and the words that cases are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from tests.integration.site import DIRECT, THROUGH

GUARDED, OPEN = THROUGH, DIRECT
HELLO = b"EHLO client.example\r\n"
QUIT = b"QUIT\r\n"
END = b"\r\n.\r\n"


class Taken(NamedTuple):
    """How many messages are accepted, by what the client's messages may be made of."""

    normalised: int
    rejecting: int
    with_nul: int


@dataclass(frozen=True)
class Case:
    """What a client sends; each piece when the one before has had its time."""

    pieces: tuple[bytes, ...]
    taken: Taken

    @property
    def stream(self) -> bytes:
        return b"".join(self.pieces)


def envelope(name: str, domain: str = OPEN) -> bytes:
    return f"MAIL FROM:<visible@client.example>\r\nRCPT TO:<{name}@{domain}>\r\n".encode()


def hidden(name: str) -> bytes:
    """A whole transaction, with the end of its message."""
    return (
        f"MAIL FROM:<hidden@client.example>\r\nRCPT TO:<hidden.{name}@{GUARDED}>\r\n"
        f"RCPT TO:<hidden.{name}@{OPEN}>\r\nDATA\r\nSubject: hidden {name}\r\n\r\nhidden\r\n.\r\n"
    ).encode()


def top(name: str) -> bytes:
    return f"Subject: {name}\r\n\r\n".encode()


def as_chunks(*chunks: bytes) -> bytes:
    """A message that comes in chunks."""
    *others, last = chunks
    sizes = b"".join(b"BDAT %d\r\n%b" % (len(chunk), chunk) for chunk in others)
    return sizes + b"BDAT %d LAST\r\n%b" % (len(last), last)


def one(message: bytes) -> Taken:
    """One message, unless it holds what is rejected."""
    stray = re.search(rb"\r(?!\n)|(?<!\r)\n", message) is not None
    nul = b"\0" in message
    return Taken(int(not nul), int(not nul and not stray), 1)


def plus(taken: Taken, more: int) -> Taken:
    return Taken(*(number + more for number in taken))


def in_one(name: str, rest: bytes, taken: Taken) -> Case:
    return Case((HELLO + envelope(name) + rest,), taken)


NONE, ALL = Taken(0, 0, 0), Taken(1, 1, 1)
