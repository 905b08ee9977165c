"""Where faults are played: a site whose mail server is reached through a hop that misbehaves."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.integration.caller import Caller, anything_goes
from tests.integration.faulty import FaultyHop
from tests.integration.servers import MailServer, room
from tests.integration.site import (
    BEHIND,
    CLIENT,
    MAIL,
    OTHER,
    PLAIN,
    THROUGH,
    XCLIENT,
    Site,
    site,
)

__all__ = ["Stand", "mailbox", "stand"]

HOP = "203.0.113.98"
_SETTLED_WITHIN = 10.0  # seconds
_T = TypeVar("_T")


class Stand:
    """All that stands. The tests and the hop take turns in one event loop, by `play`.

    `more` are tables of mxward's configuration.
    """

    def __init__(self, site: Site, runner: asyncio.Runner, more: str) -> None:
        self.site = site
        self.hop = FaultyHop(HOP, (BEHIND, PLAIN))
        self._runner = runner
        self._more = more
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued = site.authority.issue("hop.provider.example")
        self._context.load_cert_chain(*issued.write(site.directory, "hop"))
        self._serving: tuple[str, bool, bool] | None = None
        self._idle = 0

    def play(self, scene: Coroutine[Any, Any, _T], seconds: float = 60) -> _T:
        """Play a scene while the hop serves; then all is good again."""

        async def whole() -> _T:
            try:
                return await asyncio.wait_for(scene, seconds)
            finally:
                await self.hop.clear()
                await self.hop.listen()

        return self._runner.run(whole())

    @property
    def pools(self) -> bool:
        """Whether mxward keeps connections to the mail server."""
        return self._serving is not None and "pool" in self._serving[0]

    def serve(self, server: str = "", *, xclient: bool = False, tls: bool = False) -> None:
        """Have mxward serve with these lines in [server]; it is started anew if it has others.

        `tls`: the mail server offers it.
        """
        wanted = (server, xclient, tls)
        if self._serving != wanted:
            self.hop.behind = BEHIND, XCLIENT if xclient else PLAIN
            self.hop.tls = self._context if tls else None
            self.play(self._start("xclient" if xclient else "none", server))
            self._serving = wanted

    async def _start(self, identity: str, server: str) -> None:
        self.site.mxward.kill()
        self.site.configure(identity, server=server, more=self._more)
        configuration = self.site.mxward.configuration
        there = f'upstream = "{BEHIND}:{self.hop.behind[1]}"'
        assert there in configuration
        self.site.mxward.configuration = configuration.replace(there, f'upstream = "{HOP}:25"')
        await self.hop.listen()
        await asyncio.to_thread(self.site.mxward.start)
        assert await self.serves()
        await asyncio.sleep(0.3)
        self._idle = self._descriptors - self.hop.connections

    async def client(self, tls: bool = False) -> Caller:
        """Who has said EHLO."""
        client = await Caller.call(MAIL, CLIENT)
        await client.answer()
        await client.say("EHLO client.example")
        if tls:
            await client.secure(anything_goes())
        return client

    async def copies(self, recipient: str) -> int:
        """How many messages a mailbox holds, when nothing is under way."""
        return await asyncio.to_thread(self.site.mail_server.count, recipient)

    async def serves(self) -> bool:
        """Whether an ordinary client of another address is served now, and its mail arrives."""
        recipient = mailbox()
        client = await Caller.call(MAIL, OTHER)
        await client.answer()
        said = [await client.say(line) for line in ("EHLO next.example", *envelope(recipient))]
        said += [await client.say("DATA"), await client.say("Subject: next\r\n\r\nhello\r\n.")]
        client.close()
        return [x[:3] for x in said] == ["250", "250", "250", "354", "250"] and (
            await self.copies(recipient) == 1
        )

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for it. Raises TimeoutError."""
        end = time.monotonic() + _SETTLED_WITHIN
        while not true():
            if time.monotonic() > end:
                raise TimeoutError(f"{what}\n{self.site.mxward.log[-2000:]}")
            await asyncio.sleep(0.01)

    async def at_rest(self, kept: int = 0) -> None:
        """Wait until mxward has let go of all clients, and of the mail server but for so many."""
        await self.until(
            lambda: self._descriptors <= self._idle + kept, "mxward lets go of what it had"
        )

    @property
    def _descriptors(self) -> int:
        """How many mxward holds."""
        return len(os.listdir(f"/proc/{self.site.mxward.worker}/fd"))  # noqa: PTH208

    @property
    def memory(self) -> int:
        """What mxward has resident, in KiB."""
        status = Path(f"/proc/{self.site.mxward.worker}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


_numbers = iter(range(1_000_000))


def mailbox() -> str:
    """One that nobody has had mail in."""
    return f"box-{next(_numbers)}@{THROUGH}"


def envelope(recipient: str) -> tuple[str, str]:
    return "MAIL FROM:<sender@client.example>", f"RCPT TO:<{recipient}>"


@contextmanager
def stand(directory: Path, kind: type[MailServer], more: str = "") -> Iterator[Stand]:
    """Everything but mxward, which is started by `serve`."""
    room.own(HOP)
    with site(directory, kind) as made, asyncio.Runner() as runner:
        whole = Stand(made, runner, more)
        try:
            yield whole
        finally:
            runner.run(whole.hop.refuse())
