"""What a mail log tells: messages that were taken, attempts that were not, lines nobody understood.

Made a hundred thousand times a second, so `Logged` is a tuple; nothing in it is looked up or
worked out: that is the business of who makes tables of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

__all__ = ["Elsewhere", "Logged", "Outcome", "Reader", "Tally"]


class Outcome(StrEnum):
    """What became of a message, or of the attempt to bring one."""

    ACCEPTED = "accepted"  # the mail server took it
    REJECTED = "rejected"  # answered 5xx
    DEFERRED = "deferred"  # answered 4xx


class Logged(NamedTuple):
    """One message, or one attempt to bring one, as a log tells of it.

    None is *not asked*: the log does not have it. Texts are as the log has them, decoded as UTF-8
    with what is none backslash-escaped (`\\xff`).
    """

    at: float  # seconds since the epoch
    outcome: Outcome
    program: str  # `exim` or `postfix`
    host: str | None  # who wrote it, where syslog says so
    message: str | None  # the mail server's id for it
    client: str | None  # None: the mail server's own, without a connection (local, or a bounce)
    client_port: int | None
    interface: str | None  # where the client connected to
    interface_port: int | None
    name: str | None  # the client's forward-confirmed name; "" where the log says there is none
    helo: str | None
    protocol: str | None  # as RFC 3848 names it in lower case: `esmtp`, `esmtpsa`; `local`
    tls: str | None  # the cipher; "" where the log says there was no TLS
    certificate: str | None  # the distinguished name of the client's certificate
    certified: bool | None  # whether that certificate was verified
    authenticated: str | None  # as whom; "" where the log says not at all
    sender: str | None  # the reverse-path; "" is the null sender
    recipients: tuple[str, ...]  # empty where they are not known
    size: int | None  # octets
    subject: str | None
    why: str | None  # of what was not accepted: what the client was told
    mx_failed: bool | None  # the sender came after look-ups of the MX had failed
    line: int  # where it begins in its log, counted from 1
    cut: bool = False  # the mail server cut the line: there may be more recipients


SAMPLES = 10
"""How many lines of each kind of misunderstanding are kept, and how long each may be."""
LONGEST_SAMPLE = 300


class Tally:
    """How many lines were read, of which kinds, and samples of those nobody understood.

    Kinds of `told` lines have the mail server's words for them; those of `strange` ones say what
    is wrong with them, as in `looks like an arrival, and is none`.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.told: Counter[str] = Counter()
        self.strange: Counter[str] = Counter()
        self.samples: dict[str, list[tuple[int, str]]] = {}  # by kind: line numbers and texts

    def wonder(self, kind: str, number: int, line: bytes) -> None:
        """Count a line that is not understood, and keep it where there are few yet."""
        self.strange[kind] += 1
        kept = self.samples.setdefault(kind, [])
        if len(kept) < SAMPLES:
            text = line[:LONGEST_SAMPLE].decode("utf-8", "backslashreplace")
            kept.append((number, text.rstrip("\r\n")))

    def add(self, other: Tally) -> None:
        """Take in what another part of the same reading has counted."""
        self.lines += other.lines
        self.told.update(other.told)
        self.strange.update(other.strange)
        for kind, samples in other.samples.items():
            kept = self.samples.setdefault(kind, [])
            kept[:] = sorted((*kept, *samples), key=itemgetter(0))[:SAMPLES]  # as of one reading


Elsewhere = Callable[[bytes], Iterable[Logged] | None]
"""What another reader of the same log makes of a line; None: it is not that one's either."""


class Reader(Protocol):
    """Reads one log, in order, as much at a time as there is."""

    tally: Tally

    def read(self, lines: Iterable[bytes]) -> Iterator[Logged]:
        """What these lines tell. What needs later lines is kept, within bounds. Never raises."""

    def unfinished(self) -> set[bytes]:
        """The ids of the messages that wait for later lines."""

    def end(self) -> Iterator[Logged]:
        """What was still waiting for later lines, with what is known of it."""

    def held(self) -> Any:
        """All that it knows of the lines so far and may need for later ones; see `kept`."""

    def resume(self, held: Any) -> None:
        """Go on where one of the same kind has been. What is not its own may raise anything."""
