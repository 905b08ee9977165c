"""The way to a mail server that misbehaves by script: a hop before a real one.

It takes one command after the other to the mail server and brings its answer back, so it knows
where in the dialogue both are; what it does not spoil goes through octet for octet. TLS ends here:
STARTTLS is offered by the hop, where it has a context for it, and never by the mail server.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

__all__ = ["FaultyHop", "How", "Place", "Script", "good", "once", "reset"]


class Place(StrEnum):
    """Where in the dialogue; a command's is its verb, and is spoiled before it is passed on."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "handshake"  # spoiled once the other side has begun it
    XCLIENT = "XCLIENT"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    MESSAGE = "message"  # its first octets have come, and go no further
    DOT = "dot"  # the end of the message has come, and the mail server does not get it
    BDAT = "BDAT"
    LAST = "BDAT LAST"
    TAKEN = "taken"  # the mail server has given its verdict
    RSET = "RSET"
    QUIT = "QUIT"
    OTHER = "other"


class How(StrEnum):
    """In what way it misbehaves."""

    HANG = "hangs"
    CLOSE = "closes"
    RESET = "resets"
    GARBAGE = "talks garbage"
    MORE = "says more"  # the right answer, and another that nobody asked for
    GOING = "says 421 and closes"
    STAYING = "says 421 and stays"


Script = Callable[[Place], How | None]

_SAID = {
    How.GARBAGE: b"\x00\xff and \r other \n things\r\n",
    How.MORE: b"250 2.0.0 And another thing\r\n",
    How.GOING: b"421 4.3.2 Going down\r\n",
    How.STAYING: b"421 4.3.2 Going down, some time\r\n",
}
_ENDS = (How.CLOSE, How.RESET, How.GOING)
_END = b"\r\n.\r\n"
_BLOCK = 1 << 16


def once(place: Place, how: How) -> Script:
    """Misbehave at the first time that a place is come to, and be good from then on."""
    left = [place]

    def script(now: Place) -> How | None:
        if now not in left:
            return None
        left.clear()
        return how

    return script


def good(_: Place) -> How | None:
    """Spoil nothing."""
    return None


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset (RST), whatever was still on its way."""
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Over(Exception):
    """One of both sides has ended the session."""


class FaultyHop:
    """Listens on `address`:25 before `behind`; what it does to whom is asked of `script`."""

    def __init__(
        self, address: str, behind: tuple[str, int], tls: ssl.SSLContext | None = None
    ) -> None:
        self.address = address
        self.behind = behind
        self.tls = tls
        self.script: Script = good
        self.withheld: set[str] = set()  # recipients of mail that was taken, and nobody was told
        self.struck = 0
        self._sessions: dict[asyncio.Task[None], _Session] = {}
        self._server: asyncio.Server | None = None
        self._deaf: list[socket.socket] = []

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._sessions)

    async def listen(self) -> None:
        """Begin to, or again."""
        while self._deaf:
            self._deaf.pop().close()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.address, 25, limit=_BLOCK)

    async def refuse(self) -> None:
        """Listen no more: who connects is refused."""
        if self._server is not None:
            self._server.close()
            await self.clear()
            await self._server.wait_closed()
            self._server = None

    async def turn_deaf(self) -> None:
        """Who connects gets no answer at all: the queue of connections is full."""
        await self.refuse()
        listener = socket.create_server((self.address, 25), backlog=0)
        self._deaf = [listener]
        for _ in range(3):
            queued = socket.socket()
            queued.setblocking(False)
            queued.connect_ex((self.address, 25))
            self._deaf.append(queued)

    async def clear(self) -> None:
        """End all sessions, and spoil nothing from now on."""
        self.script = good
        sessions = list(self._sessions)
        for task in sessions:
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def spoil_idle(self, how: How) -> None:
        """Misbehave where nobody has asked anything."""
        for session in self._sessions.values():
            self.struck += 1
            session.spoil(how)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        far = await asyncio.open_connection(*self.behind, limit=_BLOCK)
        session = _Session(self, (reader, writer), far)
        assert task is not None
        self._sessions[task] = session
        try:
            await session.run()
        except (_Over, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            del self._sessions[task]
            far[1].transport.abort()
            session.near.close()


class _Session:
    """Between one client and the mail server, a command at a time."""

    def __init__(
        self,
        hop: FaultyHop,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.reader, self.near = near
        self._hop = hop
        self._answers, self._far = far
        self._recipients: set[str] = set()
        self._secured = hop.tls is None

    async def run(self) -> None:
        await self._exchange(Place.GREETING, b"")
        while line := await self.reader.readline():
            verb = line[:4].upper()
            if verb == b"BDAT":
                await self._chunk(line)
            elif verb == b"STAR" and not self._secured:
                await self._secure()
            else:
                await self._command(_PLACES.get(verb, Place.OTHER), line)

    async def _command(self, place: Place, line: bytes) -> None:
        reply = await self._exchange(place, line)
        if place is Place.MAIL:
            self._recipients = set()
        elif place is Place.RCPT and reply.startswith(b"250"):
            self._recipients |= {found.decode() for found in re.findall(rb"<([^>]*)>", line)}
        elif place is Place.DATA and reply.startswith(b"354"):
            await self._message()
        elif place is Place.QUIT:
            raise _Over

    async def _exchange(self, place: Place, line: bytes) -> bytes:
        """Ask the mail server, and pass its answer back: in between something may happen."""
        how = await self._misbehave(place)
        self._far.write(line)
        reply = await self._reply()
        if place is Place.EHLO:
            reply = self._offers(reply)
        self._pass_back(reply, how)
        return reply

    async def _message(self) -> None:
        """The stream behind DATA, to its end: nothing follows it before its verdict."""
        tail = b"\r\n"
        while block := await self.reader.read(_BLOCK):
            if tail == b"\r\n":
                await self._misbehave(Place.MESSAGE)
            tail = (tail + block)[-len(_END) :]
            if tail == _END:
                await self._misbehave(Place.DOT)
            self._far.write(block)
            await self._far.drain()
            if tail == _END:
                await self._verdict()
                return
        raise _Over

    async def _chunk(self, line: bytes) -> None:
        last = line.upper().rstrip().endswith(b"LAST")
        chunk = await self.reader.readexactly(int(line.split()[1]))
        if not last:
            await self._exchange(Place.BDAT, line + chunk)
            return
        await self._misbehave(Place.LAST)
        self._far.write(line + chunk)
        await self._verdict()

    async def _verdict(self) -> None:
        recipients, self._recipients = self._recipients, set()
        reply = await self._reply()
        how = self._hop.script(Place.TAKEN)
        if how not in (None, How.MORE) and reply.startswith(b"250"):
            self._hop.withheld |= recipients
        await self._strike(Place.TAKEN, how)
        self._pass_back(reply, how)

    async def _secure(self) -> None:
        how = await self._misbehave(Place.STARTTLS)
        self._pass_back(b"220 2.0.0 Go on\r\n", how)
        how = self._hop.script(Place.HANDSHAKE)
        if how is not None:
            await self.reader.read(_BLOCK)
        await self._strike(Place.HANDSHAKE, how)
        assert self._hop.tls is not None
        await self.near.start_tls(self._hop.tls)
        self._secured = True

    def _offers(self, reply: bytes) -> bytes:
        """What EHLO is answered: STARTTLS is ours to offer, or not."""
        lines = [line for line in reply.splitlines(True) if line[4:].strip() != b"STARTTLS"]
        if not self._secured and reply.startswith(b"250"):
            lines.insert(1, b"250-STARTTLS\r\n")
        return b"".join(lines)

    async def _reply(self) -> bytes:
        """The mail server's next reply, whole."""
        lines = [await self._answers.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(await self._answers.readline())
        if not lines[-1]:
            raise _Over
        return b"".join(lines)

    def _pass_back(self, reply: bytes, how: How | None) -> None:
        self.near.write(reply + _SAID[how] if how is How.MORE else reply)

    # -- misbehaving --------------------------------------------------------------------------

    async def _misbehave(self, place: Place) -> How | None:
        """Do here as the script wants it; what it is, where it is said behind the answer only."""
        how = self._hop.script(place)
        await self._strike(place, how)
        return how

    async def _strike(self, place: Place, how: How | None) -> None:
        if how is None:
            return
        self._hop.struck += 1
        if how is How.MORE:
            if place in (Place.MESSAGE, Place.DOT, Place.HANDSHAKE):
                self.near.write(_SAID[how])  # there is no answer that it could stand behind
            return
        self.spoil(how)
        if how in _ENDS:
            raise _Over
        if place is Place.MESSAGE and how is How.HANG:
            await asyncio.Event().wait()  # and read nothing, so that the sender's buffers fill
        while await self.reader.read(_BLOCK):
            pass
        raise _Over

    def spoil(self, how: How) -> None:
        """What is seen of it at once."""
        self.near.write(_SAID.get(how, b""))
        if how is How.RESET:
            reset(self.near)
        elif how in _ENDS:
            self.near.close()


_PLACES = {place.value[:4].upper().encode(): place for place in Place if place.value.isupper()}
_PLACES[b"HELO"] = Place.EHLO
del _PLACES[b"BDAT"]
