"""What a client saw of its sessions -> what a log has to tell of them.

Every command is held with its answer, so what was sent is counted where it was sent: by the client.
Both swaks' transcripts and a raw client are understood, the latter for what swaks cannot say.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO

from mxward.maillog.logged import Logged, Outcome
from tests.integration.servers import room

__all__ = ["Exchange", "Expected", "converse", "of_swaks", "tells", "untrue"]

Exchange = tuple[bytes, bytes]
"""A command without its line end (b"" before the greeting, b"." for a message), and its answer."""


@dataclass(frozen=True)
class Expected:
    """One message that was accepted, or one attempt that was not."""

    outcome: Outcome
    stage: str
    client: str
    helo: str | None = None
    protocol: str = "smtp"
    tls: bool = False
    authenticated: bool = False
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    syntax: bool = False  # a mistake of the client's (50x), of which servers may tell otherwise

    def differences(self, logged: Logged) -> list[str]:
        """What is told otherwise; what was not accepted is told of with less, and Postfix does not
        say by which HELO and protocol it was brought what it has accepted.
        """
        told: dict[str, tuple[object, object]] = {
            "outcome": (self.outcome, logged.outcome),
            "client": (self.client, logged.client),
        }
        accepted = self.outcome is Outcome.ACCEPTED
        whole = accepted and logged.program == "exim"
        if logged.helo is not None or whole:
            told["helo"] = _alike((self.helo or "").lower(), (logged.helo or "").lower(), logged)
        if logged.sender is not None or self.stage == "RCPT" or accepted:
            told["sender"] = _alike(self.sender, logged.sender, logged)
        if self.stage == "RCPT" or accepted:
            told["recipients"] = _all_alike(self.recipients, logged.recipients, logged)
        elif logged.recipients:
            sent, said = _all_alike(self.recipients, logged.recipients, logged)
            told["recipients"] = (said <= sent, True)
        if whole:
            told["protocol"] = (self.protocol, (logged.protocol or "").removeprefix("utf8"))
        if accepted:
            told["size"] = (True, bool(logged.size))
        if accepted or logged.authenticated is not None:
            told["authenticated"] = (self.authenticated, bool(logged.authenticated))
        if logged.tls is not None or (accepted and self.tls):
            told["tls"] = (self.tls, bool(logged.tls))
        return [f"{name}: {a!r} was sent, {b!r} told" for name, (a, b) in told.items() if a != b]


def _alike(sent: str | None, told: str | None, logged: Logged) -> tuple[str | None, str | None]:
    """What Postfix cannot print is a question mark, and it quotes local parts as it likes."""
    if logged.program != "postfix" or sent is None or told is None:
        return sent, told
    here, there = (text.replace('"', "").replace("\\", "") for text in (sent, told))
    shape = re.escape(there).replace(re.escape("?"), "(?:x[0-9a-f]{2}|.)").replace(r"\ ", r"\s")
    return (sent, sent) if re.fullmatch(shape, here, re.DOTALL) else (sent, told)


def _all_alike(
    sent: tuple[str, ...], told: tuple[str, ...], logged: Logged
) -> tuple[set[str | None], set[str | None]]:
    """Each by the one that it is alike to."""
    return {*sent}, {
        next((one for one in sent if _alike(one, other, logged)[1] == one), other) for other in told
    }


def tells(exchanges: Iterable[Exchange], client: str) -> Iterator[Expected]:
    """What one session brought, or tried to."""
    now = Expected(Outcome.ACCEPTED, "", client)
    for command, answer in exchanges:
        verb = command.split(b" ")[0].split(b":")[0].upper().decode("ascii", "replace")
        if verb == "BDAT":
            verb = "." if command.partition(b"\r\n")[0].endswith(b" LAST") else "BDAT"
        taken = answer[:1] in (b"2", b"3")
        outcome = {b"4": Outcome.DEFERRED, b"5": Outcome.REJECTED}.get(answer[:1])
        here = replace(now, stage=verb, outcome=outcome or Outcome.ACCEPTED)
        here = replace(here, syntax=answer[:2] == b"50")
        if verb in ("EHLO", "HELO"):
            helo = command[5:].decode("utf-8", "backslashreplace").strip()
            if taken:
                now = replace(now, helo=helo, protocol="esmtp" if verb == "EHLO" else "smtp")
                now = replace(now, sender=None, recipients=())
            elif outcome:
                yield replace(here, helo=helo)
        elif verb == "STARTTLS" and taken:
            now = replace(now, tls=True, helo=None)
        elif verb == "XCLIENT" and taken:
            now = replace(now, helo=None, sender=None, recipients=())
        elif verb == "AUTH" and taken:
            now = replace(now, authenticated=True)
        elif verb == "MAIL":
            sender = _path(command)
            if taken:
                now = replace(now, sender=sender, recipients=())
            elif outcome:
                yield replace(here, sender=sender, recipients=())
        elif verb == "RCPT":
            if taken:
                now = replace(now, recipients=(*now.recipients, _path(command)))
            elif outcome and now.sender is not None:
                yield replace(here, recipients=(_path(command),))
        elif verb == "" and outcome:
            yield here
        elif verb in ("EXPN", "VRFY", "ETRN") and outcome:
            yield replace(here, syntax=True, recipients=())
        elif now.recipients and (verb == "." or (verb == "DATA" and outcome)):
            name = now.protocol + "s" * now.tls + "a" * now.authenticated
            yield replace(here, protocol=name if verb == "." else now.protocol)
            now = replace(now, sender=None, recipients=())


def untrue(expected: Iterable[Expected], logged: Iterable[Logged]) -> list[str]:
    """Where what is told is not what was sent: one complaint for each that has no counterpart."""
    left = list(logged)
    complaints = []
    for each in sorted(expected, key=lambda one: one.syntax):
        wrong = {number: each.differences(told) for number, told in enumerate(left)}
        best = min(wrong, key=lambda number: len(wrong[number]), default=None)
        if best is not None and not wrong[best]:
            del left[best]
        elif not each.syntax:
            nearest = wrong[best] if best is not None else ["nothing is told"]
            complaints.append(f"{each}: {', '.join(nearest)}")
    return complaints + [f"nobody sent {told}" for told in left]


_ROUTE = re.compile(r"@[^:]*:")
"""To be taken off (RFC 5321, appendix C)."""


def _path(command: bytes) -> str:
    """What stands in the angle brackets of MAIL and RCPT; a blank may be before them."""
    path = command.partition(b":")[2].lstrip().decode("utf-8", "backslashreplace")
    return _ROUTE.sub("", _bare(path), count=1) if path.startswith("<@") else _bare(path)


def _bare(path: str) -> str:
    if not path.startswith("<"):
        return path.split(" ")[0]
    quoted = False
    for index, letter in enumerate(path):
        if letter == '"' and path[index - 1] != "\\":
            quoted = not quoted
        if letter == ">" and not quoted:
            return path[1:index]
    return path[1:]


def of_swaks(transcript: str) -> Iterator[Exchange]:
    """The commands and answers of a transcript; of a message only its end."""
    waiting: list[bytes] = [b""]
    in_message = False
    for line in transcript.encode().splitlines():
        mark, rest = line[:4], line[4:]
        if mark in (b" -> ", b" ~> ", b"**> ", b"*~> "):
            if not in_message:
                waiting.append(rest)
            elif rest == b".":
                waiting.append(b".")
                in_message = False
        elif mark in (b"<-  ", b"<** ", b"<~  ", b"<~* ") and rest[3:4] != b"-" and waiting:
            command = waiting.pop(0)
            in_message = rest.startswith(b"354")
            yield command, rest


def converse(
    server: str,
    source: str,
    *commands: bytes,
    port: int = 25,
    before: bytes = b"",
    early: bytes = b"",
    at_once: int = 0,
    stays: bool = False,
) -> list[Exchange]:
    """Say these lines one by one, the last `at_once` of them together; then hang up, or say nothing
    until the server does.

    `before` goes ahead of the greeting, and so does the command `early`, which is answered with it.
    What follows DATA is a message that ends in b"\\r\\n.".
    """
    room.own(source)
    spoken: list[Exchange] = []
    turns = [[command] for command in commands[: len(commands) - at_once]]
    if at_once:
        turns.append(list(commands[-at_once:]))
    with (
        socket.create_connection((server, port), 30, source_address=(source, 0)) as connection,
        connection.makefile("rb") as file,
        suppress(ConnectionError),
    ):
        connection.sendall(before + (early + b"\r\n" if early else b""))
        spoken.append((early, _answer(file)))
        for turn in turns:
            if _named(turn[0]) == b"." and spoken[-1][1][:3] != b"354":
                continue
            connection.sendall(b"".join(command + b"\r\n" for command in turn))
            spoken += [(_named(command), _answer(file)) for command in turn]
        if stays:
            file.read()
    return spoken


def _named(command: bytes) -> bytes:
    return b"." if command.endswith(b"\r\n.") else command


def _answer(file: BinaryIO) -> bytes:
    """The last line of the next answer; empty where the connection has ended."""
    while line := file.readline().rstrip(b"\r\n"):
        if line[3:4] != b"-":
            return line
    return b""
