"""Clients by the thousand, some of which break off: each message has a mailbox of its own.

What became of each message is kept as its client saw it; `Mailboxes` has what was delivered. A
message is tried once, so that none has an excuse for being there twice.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from tests.integration.caller import Caller, anything_goes
from tests.integration.fault_stand import envelope
from tests.integration.site import CLIENT, MAIL, OTHER, THROUGH

__all__ = ["Load", "Mailboxes", "Message", "Outcome"]

SENDERS = 12  # at once
FAULTY = 0.02  # of all messages are those of a client that breaks off
_HEADER = b"Subject: soak\r\n\r\n"
_DELIVERED_TO = re.compile(rb"^Delivered-To: m([0-9]+)@", re.MULTILINE)
_WAYS = ("reset", "close", "half-close", "stall")
_OFTEN = (8, 8, 3, 1)
_TLS = anything_goes()


class Outcome(StrEnum):
    """What a client knows of its message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    BROKEN = "broken off"  # by the client, before the end
    UNSEEN = "not waited for"  # the client went away behind the end
    UNANSWERED = "unanswered"  # the client did wait, and heard nothing


@dataclass(frozen=True, slots=True)
class Message:
    """Its number decides on all its octets."""

    number: int

    @property
    def recipient(self) -> str:
        """One that exists, or for one message of fifty nobody."""
        return f"nobody@{THROUGH}" if self.number % 50 == 49 else f"m{self.number}@{THROUGH}"

    @property
    def octets(self) -> bytes:
        """Mostly few, at times none (not even a header), at times a megabyte."""
        rng = Random(self.number)
        most = rng.choices((0, 4_000, 64_000, 256_000, 1 << 20), (2, 90, 6, 1.6, 0.4))[0]
        line = rng.choice((b"..", b".", b"", b"and ")) + b"%d and so on\r\n" % self.number
        return _HEADER + line * rng.randint(0, most // len(line)) if most else b""

    @property
    def stuffed(self) -> bytes:
        """As DATA has it, with its end."""
        octets = self.octets.replace(b"\r\n.", b"\r\n..")
        return octets + b".\r\n"


class Load:
    """So many messages, brought in sessions of a few; `outcomes` is by their numbers."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.outcomes: dict[int, Outcome] = {}
        self._rng = Random(seed)
        self._messages = iter(range(count))

    async def run(self) -> None:
        """Bring them all."""
        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(self._send())

    async def _send(self) -> None:
        for number in self._messages:
            client = await Caller.call(MAIL, self._rng.choice((CLIENT, OTHER)))
            assert (await client.answer()).startswith("220")
            assert (await client.say("EHLO client.example")).startswith("250")
            if self._rng.random() < 0.2:
                await client.secure(_TLS)
            await self._session(client, self._next(number, self._rng.choice((1, 1, 2, 10))))
            client.close()

    def _next(self, first: int, most: int) -> Iterator[Message]:
        yield Message(first)
        for _, number in zip(range(most - 1), self._messages, strict=False):
            yield Message(number)

    async def _session(self, client: Caller, messages: Iterator[Message]) -> None:
        for message in messages:
            try:
                outcome, over = await _Attempt(client, message, self._rng).bring()
            except ConnectionError:
                outcome, over = Outcome.UNANSWERED, True
            self.outcomes[message.number] = outcome
            if over:
                return
        await client.say("QUIT")


class _Attempt:
    """One message, by DATA or BDAT, a step after the other or all at once."""

    def __init__(self, client: Caller, message: Message, rng: Random) -> None:
        self._client = client
        self._at_once = rng.random() < 0.5
        self._breaks = rng.choices(_WAYS, _OFTEN)[0] if rng.random() < FAULTY else ""
        self._amid = rng.random() < 0.7
        self._steps = [f"{line}\r\n".encode() for line in envelope(message.recipient)]
        if rng.random() < 0.5:
            self._steps.append(b"DATA\r\n")
            self._last = message.stuffed
        else:
            octets = message.octets
            cut = rng.randint(0, len(octets))
            self._steps.append(b"BDAT %d\r\n" % cut + octets[:cut])
            self._last = b"BDAT %d LAST\r\n" % (len(octets) - cut) + octets[cut:]

    async def bring(self) -> tuple[Outcome, bool]:
        """What became of it, and whether the session is over."""
        answer = await self._begin()
        if answer[:1] not in ("2", "3"):
            await self._client.say("RSET")
            return _outcome(answer), not answer or answer.startswith("421")
        if self._breaks:
            return await self._break_off(), True
        self._client.send(self._last)
        answer = await self._client.answer()
        return _outcome(answer), answer[:3] in ("", "421")

    async def _begin(self) -> str:
        """All steps but the last; the answer to them, which is the last one's or a refusal."""
        if self._at_once:
            self._client.send(b"".join(self._steps))
            return [await self._client.answer() for _ in self._steps][-1]
        answer = ""
        for step in self._steps:
            self._client.send(step)
            answer = await self._client.answer()
            if answer[:1] not in ("2", "3"):
                break
        return answer

    async def _break_off(self) -> Outcome:
        client, last = self._client, self._last
        amid = self._amid or self._breaks == "stall"
        client.send(last[: len(last) // 2] if amid else last)
        await client.writer.drain()
        if self._breaks == "reset":
            client.reset()
        elif self._breaks == "half-close" and client.writer.can_write_eof():
            client.half_close()
            answer = await client.answer()
            return Outcome.BROKEN if amid else _outcome(answer)
        elif self._breaks == "stall":
            while await client.answer():
                pass
        return Outcome.BROKEN if amid else Outcome.UNSEEN


def _outcome(answer: str) -> Outcome:
    if not answer:
        return Outcome.UNANSWERED
    return Outcome.ACCEPTED if answer.startswith("2") else Outcome.REFUSED


class Mailboxes:
    """What arrives, by the messages' numbers; each file is read once, and removed."""

    def __init__(self, folder: Path) -> None:
        self.found: Counter[int] = Counter()
        self.spoiled: list[str] = []
        self._folder = folder

    def collect(self) -> None:
        """Take what has arrived of the load."""
        for path in self._folder.glob("new/*"):
            headers, _, body = path.read_bytes().partition(b"\n\n")
            match = _DELIVERED_TO.search(headers)
            if match is None:
                continue
            message = Message(int(match[1]))
            self.found[message.number] += 1
            if message.octets.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n") != body:
                self.spoiled.append(f"{message}: {body[:200]!r}")
            path.unlink()
