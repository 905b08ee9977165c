"""The miniature internet as a whole: name server, two scanners, mail server, and mxward before it.

`world()` finds a free block of addresses, starts everything, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from mxward.demo import config
from mxward.demo.block import Block, candidates
from mxward.demo.mailserver import MailServer
from mxward.demo.nameserver import NameServer
from mxward.demo.process import DemoError, Serve
from mxward.demo.scanner import Onward, Scanner
from mxward.demo.tape import Write
from mxward.demo.zone import DOMAINS, RECORDS, parse
from mxward.domains import normal

__all__ = ["World", "world"]


class World:
    """Everybody, at the addresses of one block."""

    def __init__(self, block: Block, folder: Path, write: Write) -> None:
        self.block, self.folder = block, folder
        domains = frozenset(normal(domain) for domain in DOMAINS)
        this_host = frozenset({"127.0.0.1", block["mail"], block["mailboxes"]})
        self.nameserver = NameServer(parse(RECORDS, block.addresses()))
        self.mailserver = MailServer(config.HOSTNAME, domains, this_host, block.named, write)
        self.cleanmail = self._scanner("cleanmail", domains, write)
        self.puremail = self._scanner("puremail", domains, write)
        self.mxward = Serve(folder, block["mail"], block.smtp)
        self._serving: tuple[str, str] | None = None

    async def start(self) -> None:
        """Start everything but mxward. Raises OSError where an address is in use."""
        block, smtp = self.block, self.block.smtp
        await self.nameserver.start(block["dns"], block.dns)
        await self.mailserver.listeners.listen(block["mailboxes"], smtp, proxied=True)
        await self.mailserver.listeners.listen(block["mailboxes_plain"], smtp)
        for host in ("clean1", "clean2"):
            await self.cleanmail.listeners.listen(block[host], smtp)
        await self.puremail.listeners.listen(block["pure1"], smtp)
        (self.folder / "localdomains").write_text(config.inventory(), "utf-8")

    async def stop(self) -> None:
        """Stop everything."""
        await self.mxward.stop()
        for server in (self.mailserver, self.cleanmail, self.puremail):
            server.listeners.close()
        await self.nameserver.stop()

    def configuration(self, stage: str, identity: str = "proxy-v2") -> str:
        """What mxward is told."""
        return config.toml(self.block, self.folder, stage, identity)

    async def serve(self, stage: str, identity: str, *, anew: bool = False) -> bool:
        """See that mxward runs like this; whether it had to be started. Raises DemoError."""
        if self._serving == (stage, identity) and not anew:
            return False
        self._serving = None
        await self.mxward.stop()
        await self.mxward.start(self.configuration(stage, identity))
        self._serving = stage, identity
        return True

    def speaker(self, text: str) -> str:
        """Who of all said this to a client."""
        for name, said in (
            ("mail server", self.mailserver.said),
            (self.cleanmail.name, self.cleanmail.said),
            (self.puremail.name, self.puremail.said),
        ):
            if any(text in reply for reply in said):
                return name
        return "mxward"

    def _scanner(self, name: str, domains: frozenset[str], write: Write) -> Scanner:
        here, source = self.block["mail"], self.block[name]
        title = f"{self.block.named(source)} -> {config.HOSTNAME} ({here}:{self.block.smtp})"
        onward = Onward(here, self.block.smtp, source, title)
        return Scanner(name, f"mx.{name}.example", domains, onward, self.block.named, write)


@asynccontextmanager
async def world(random: Random, write: Write) -> AsyncIterator[World]:
    """A running miniature internet, mxward excepted. Raises DemoError where there is no room."""
    async with AsyncExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="mxward-demo-")))
        why: OSError | None = None
        for block in candidates(random):
            found = World(block, folder, write)
            try:
                await found.start()
            except OSError as error:
                why = error
                await found.stop()
                continue
            ends.push_async_callback(found.stop)
            yield found
            return
        raise DemoError(f"no free addresses in 127.0.0.0/8: {why}")
