"""A bed whose clients are diverted by the kernel's redirect, and mail servers that are scripts.

Clients come from WORM and WORM6; what they send to the ports of NETWORK reaches mxward instead.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mxward.networks import Networks
from mxward.proxy.diversion import Diversion
from mxward.proxy.server import Ending, serve
from mxward.proxy.transparency import be_transparent
from mxward.supervisor.listening import bind
from tests.integration import hosts
from tests.integration.servers import room
from tests.proxy.bed import WORM, Bed, Client, bed

MAIL, NETWORK = "203.0.113.25", "203.0.113.0/24"
MAIL6, NETWORK6, WORM6 = "2001:db8:25::25", "2001:db8:25::/64", "2001:db8::66"
MARK = 28025
"""What mxward sends from a client's own address is not diverted again."""
_RULES = """
table inet diverted {{
  chain out {{
    type nat hook output priority -100
    meta mark {mark} accept
    ip saddr {worm} ip daddr {network} tcp dport {{ 25, 465 }} redirect to :{port}
    ip6 saddr {worm6} ip6 daddr {network6} tcp dport {{ 25, 465 }} redirect to :{port}
  }}
}}
"""


@contextmanager
def redirected(folder: Path, port: int) -> Iterator[None]:
    """By the kernel, in this network of the tests' own."""
    for address in (MAIL, MAIL6, WORM6):
        room.own(address)
    rules = _RULES.format(
        mark=MARK, worm=WORM, worm6=WORM6, network=NETWORK, network6=NETWORK6, port=port
    )
    _nft(folder, "-f", "-", given=rules)
    try:
        yield
    finally:
        _nft(folder, "delete", "table", "inet", "diverted")


def _nft(folder: Path, *words: str, given: str = "") -> None:
    path = f"{hosts.nft(folder)}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path}
    subprocess.run(["nft", *words], input=given, text=True, check=True, env=env)


class Hurried(asyncio.SelectorEventLoop):
    """A loop whose time can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def pass_time(seconds: float) -> None:
    """At once, on a hurried loop. What was due meanwhile has happened."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Hurried)
    loop.ahead += seconds
    for _ in range(5):
        await asyncio.sleep(0)


def hurried(scene: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=Hurried) as runner:
        runner.run(scene)


async def until(condition: Any) -> None:
    """Nothing tells of it: look again and again."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it has not happened")


class Mail:
    """A mail server: who has connected, and what it was told. It says nothing until it `speaks`."""

    def __init__(self, *offers: str, speaks: bool = True) -> None:
        self.peers: list[str] = []
        self.told: list[str] = []
        self.speaks = asyncio.Event()
        if speaks:
            self.speaks.set()
        self._hello = "".join(f"250-{word}\r\n" for word in ("mail.test", *offers)) + "250 HELP\r\n"

    @asynccontextmanager
    async def at(
        self, host: str = MAIL, port: int = 25, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, host, port, ssl=tls)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.peers.append(writer.get_extra_info("peername")[0])
        await self.speaks.wait()
        writer.write(b"220 mail.test\r\n")
        try:
            while line := (await reader.readline()).decode().rstrip():
                self.told.append(line)
                writer.write(self._answer(line).encode())
                if line == "DATA":
                    self.told.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 2.0.0 queued\r\n")
        except ConnectionError:
            pass
        writer.close()

    def _answer(self, line: str) -> str:
        return {"EHLO": self._hello, "DATA": "354 go on\r\n"}.get(line.split()[0], "250 ok\r\n")


@asynccontextmanager
async def diverted(folder: Path) -> AsyncIterator[Bed]:
    """A bed with a listener for connections that are diverted."""
    async with bed() as stand:
        servers = Networks.of(NETWORK, NETWORK6)
        stand.shared.diversion = Diversion(servers, {25, 465}, {465}, redirects=True, mark=MARK)
        first = bind("0.0.0.0", 0)
        port = first.getsockname()[1]
        listeners = [first, bind("::", port)]
        for listener in listeners:
            be_transparent(listener)
            listener.listen()
        ending = Ending()
        serving = asyncio.create_task(serve(lambda: stand.shared, listeners, ending))
        stand.port, stand.ending = port, ending
        try:
            with redirected(folder, port):
                yield stand
        finally:
            ending.stop(0)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def client(
    host: str = MAIL, port: int = 25, source: str = "", tls: ssl.SSLContext | None = None
) -> Client:
    """One who connects to a mail server, and knows of nothing else."""
    here = (source or (WORM6 if ":" in host else WORM), 0)
    return Client(*await asyncio.open_connection(host, port, local_addr=here, ssl=tls))
