"""An SMTP client (RFC 5321) that shows what it says and hears.

One command at a time and one recipient for each message, because it is made to be read. Replies
are read strictly. Not supported: extensions, beyond the greeting that asks for them.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass

from mxward.demo.mail import Mail
from mxward.demo.tape import Kind, Line, Write

__all__ = ["Dialogue", "Reply", "dot_stuffed", "talk"]

PATIENCE = 15.0
"""Seconds that a client waits for each reply."""

_LINE = re.compile(rb"([2-5][0-9]{2})([ -]|(?=\r))(.*)\r\n", re.DOTALL)
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered. Code 0: nothing any more, the connection is gone."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All that was said, without the codes in front."""
        return " ".join(self.lines)

    @property
    def status(self) -> str:
        """The code, with its enhanced status (RFC 3463) where it is a refusal: `550 5.7.1`."""
        enhanced = _ENHANCED.match(self.lines[0])
        return f"{self.code} {enhanced[0]}" if enhanced and self.code >= 400 else str(self.code)

    @property
    def good(self) -> bool:
        """Whether the server agrees, or goes on."""
        return 200 <= self.code < 400

    @property
    def later(self) -> bool:
        """Whether the client shall try again: told so, or cut off."""
        return self.code == 0 or 400 <= self.code < 500


class Dialogue:
    """One connection. Shown from the first word on, or, where `brief`, from the recipient on."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        write: Write,
        *,
        brief: bool = False,
        depth: int = 0,
        patience: float = PATIENCE,
    ) -> None:
        self._reader, self._writer, self._write = reader, writer, write
        self._brief, self._depth, self._patience = brief, depth, patience

    async def send(self, mail: Mail) -> Reply:
        """A whole visit, from the greeting to QUIT; the reply that settled it."""
        reply = await self.begin(mail)
        if reply.good:
            self.show(Kind.CLIENT, f"{mail.label} .")
            await self.push(dot_stuffed(mail.content) + b".\r\n")
            reply = await self.hear()
        await self.quit()
        return reply

    async def begin(self, mail: Mail) -> Reply:
        """Everything before the message itself; the 354, or what came in its stead."""
        reply = await self.hear(quiet=self._brief)
        for command, quiet in (
            (f"EHLO {mail.helo}", self._brief),
            (f"MAIL FROM:<{mail.sender}>", self._brief),
            (f"RCPT TO:<{mail.recipient}>", False),
            ("DATA", self._brief),
        ):
            if not reply.good:
                break
            reply = await self.say(command, quiet=quiet)
        return reply

    async def say(self, command: str, *, quiet: bool = False) -> Reply:
        """One command and its reply; a quiet one shows only when it fails."""
        if not quiet:
            self.show(Kind.CLIENT, command)
        await self.push(command.encode() + b"\r\n")
        reply = await self._read()
        if quiet and not reply.good:
            self.show(Kind.CLIENT, command)
        if not quiet or not reply.good:
            self._show_reply(reply, folded=command.startswith("EHLO"))
        return reply

    async def push(self, data: bytes) -> None:
        """Send as it stands. A connection that is gone shows when the reply is read."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def hear(self, *, quiet: bool = False) -> Reply:
        """Read a reply; a quiet one shows only when it fails."""
        reply = await self._read()
        if not quiet or not reply.good:
            self._show_reply(reply)
        return reply

    async def _read(self) -> Reply:
        lines: list[str] = []
        try:
            async with asyncio.timeout(self._patience):
                while match := _LINE.fullmatch(await self._reader.readuntil(b"\r\n")):
                    lines.append(match[3].decode("ascii", "replace"))
                    if match[2] != b"-":
                        break
            return Reply(int(match[1]), tuple(lines)) if match else Reply(0, ("not SMTP",))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Reply(0, ("no reply: the connection is gone",))

    async def quit(self) -> None:
        """Say goodbye and hang up."""
        with suppress(OSError, ValueError):
            await self.push(b"QUIT\r\n")
            async with asyncio.timeout(1):
                await self._reader.readline()
        self._writer.close()

    def show(self, kind: Kind, text: str) -> None:
        """Put a line of this dialogue on the tape."""
        self._write(Line(kind, text, self._depth))

    def _show_reply(self, reply: Reply, *, folded: bool = False) -> None:
        first, *more = reply.lines
        code = reply.code or "---"
        if folded and more:
            self.show(Kind.SERVER, f"{code} {first} ({', '.join(more)})")
            return
        for line in reply.lines[:-1]:
            self.show(Kind.SERVER, f"{code}-{line}")
        self.show(Kind.SERVER, f"{code} {reply.lines[-1]}")


async def talk(
    write: Write,
    title: str,
    host: str,
    port: int,
    *,
    source: str,
    brief: bool = False,
    depth: int = 0,
    patience: float = PATIENCE,
) -> Dialogue:
    """Connect from an address of one's own. Raises OSError where nobody answers."""
    write(Line(Kind.TALK, title, depth))
    async with asyncio.timeout(patience):
        reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    return Dialogue(reader, writer, write, brief=brief, depth=depth, patience=patience)


def dot_stuffed(content: bytes) -> bytes:
    """A message as DATA carries it (RFC 5321 4.5.2). Its lines end in CRLF, the last one too."""
    return re.sub(rb"^\.", b"..", content, flags=re.MULTILINE)
