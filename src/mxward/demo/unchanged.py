"""The scene in which nothing on the mail server is changed: mxward takes its connections over in
the kernel, and the mail server still sees who is there.

    worm, anna, cleanmail, ... --- eth0      wan [the mail server's machine, mxward on it]
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mxward.demo import config
from mxward.demo.block import HOSTS, Block
from mxward.demo.machine import Machine, run
from mxward.demo.mail import honest, worm
from mxward.demo.play import Play
from mxward.demo.process import DemoError, Serve, environment
from mxward.demo.scenes import CLEANED, INFECTED, UNSCANNED
from mxward.demo.tape import Kind, Line, Write
from mxward.demo.world import World

__all__ = ["TwoMachines", "play", "two_machines"]

_BLOCK = Block("198.18.25", 25, 53)  # RFC 2544: addresses for what is nobody's network
_PORT = 2525  # intercept.listen_port


class TwoMachines(World):
    """The mail server has a machine of its own, and mxward is put on it."""

    def __init__(self, machine: Machine, folder: Path, write: Write) -> None:
        super().__init__(_BLOCK, folder, write)
        self._machine = machine
        self.mxward = Serve(folder, self.block["mail"], _PORT, machine.within)

    async def start(self) -> None:
        """Wire them up and start everything but mxward. Raises OSError, DemoError."""
        block, there = self.block, self._machine
        there.wire("eth0", "wan")
        on_it = ("mail", "mxward")
        for host in HOSTS:
            device = "wan" if host in on_it else "eth0"
            command = ("ip", "address", "add", f"{block[host]}/24", "dev", device)
            there.run(*command) if host in on_it else run(*command)
        for device in ("wan", "lo"):
            there.run("ip", "link", "set", device, "up")
        for device in ("eth0", "lo"):
            run("ip", "link", "set", device, "up")
        await self.nameserver.start(block["dns"], block.dns)
        await self.mailserver.listeners.adopt(there.listen(block["mail"], block.smtp))
        for host in ("clean1", "clean2"):
            await self.cleanmail.listeners.listen(block[host], block.smtp)
        await self.puremail.listeners.listen(block["pure1"], block.smtp)
        (self.folder / "localdomains").write_text(config.inventory(), "utf-8")

    def configuration(self, stage: str, identity: str = "transparent") -> str:
        """What mxward is told."""
        return config.intercepting(self.block, self.folder, stage)

    def intercept(self, word: str) -> str:
        """What `mxward intercept` says. Raises DemoError."""
        command = (sys.executable, "-m", "mxward", "intercept", word)
        os.environ.update(environment(self.folder))
        return self._machine.run(*command, "--config", str(self.mxward.config))


@asynccontextmanager
async def two_machines(write: Write) -> AsyncIterator[TwoMachines]:
    """A running miniature internet of two machines. Raises DemoError, OSError."""
    with TemporaryDirectory(prefix="mxward-demo-") as folder, Machine() as machine:
        found = TwoMachines(machine, Path(folder), write)
        try:
            await found.start()
            yield found
        finally:
            await found.stop()


async def play(play: Play) -> None:
    """9: the worm meets the scanner, and the mail server knows nothing of it."""
    world = play.world
    if not isinstance(world, TwoMachines):
        raise DemoError("this scene needs two machines")
    where = f"{world.block['mail']}:{world.block.smtp}"
    play.story(
        f"Two machines, and no mxward yet. The mail server listens at {where}, as it always has; "
        "whoever guesses one of its names is in."
    )
    seen = await play.send(worm(play.number()), "worm", brief=False)
    play.check("the worm, before mxward comes", UNSCANNED, seen)
    play.story(
        "mxward is put on that machine. The mail server is not touched: same program, same name, "
        "same address, same port. This is what mxward is told:"
    )
    for line in world.configuration("reroute").splitlines():
        play.write(Line(Kind.CONFIG, line))
    await play.mxward("reroute", "transparent")
    _intercept(play, world, "up")
    seen = await play.send(worm(play.number()), "worm", brief=False)
    play.check("the worm, at the same address and port", INFECTED, seen)
    seen = await play.send(honest(play.number(), "shaun@it.co.za", "Friday?"))
    play.check("honest mail, at the same address and port", CLEANED, seen)
    play.story("Who may pass goes on as itself: the mail server sees the client's own address.")
    mail = honest(play.number(), "shaun@it.co.za", "Scan", helo="printer.it.co.za")
    play.check("a printer trusted by address", UNSCANNED, await play.send(mail, "printer"))
    mail = honest(play.number(), "info@own.example", "Friday?")
    play.check("own: the MX is the mail server", UNSCANNED, await play.send(mail))
    play.story("And it goes as it came.")
    _intercept(play, world, "down")
    seen = await play.send(worm(play.number()), "worm")
    play.check("the worm, when mxward has gone", UNSCANNED, seen)


def _intercept(play: Play, world: TwoMachines, word: str) -> None:
    play.write(Line(Kind.NOTE, f"mxward intercept {word}"))
    for line in world.intercept(word).splitlines():
        play.write(Line(Kind.NOTE, line))
