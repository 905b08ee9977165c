"""A proxy on loopback between a real client and real SMTP servers, with DNS as plain data."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_address
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from mxward.domains import Domains
from mxward.lookup.doors import Doors
from mxward.lookup.fake import FakeResolver
from mxward.lookup.names import ClientNames
from mxward.model import Rules, Scanner, Stage
from mxward.networks import Networks
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.mail_server import MailServer
from mxward.proxy.server import Ending, serve
from mxward.proxy.shared import Shared
from mxward.smtp.rerouting import Mark
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import Endpoint
from mxward.store.recollection import Recollection
from mxward.supervisor.listening import bind

MAIL_SERVER = "127.25.0.1"
SCANNER = "127.25.0.2"
PROXY = "127.25.0.3"
WORM = "127.25.0.66"


@dataclass
class Mailboxes:
    """An SMTP server's handler that keeps what it is given; `refuse` is its verdict on all mail."""

    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        self.messages.append(envelope.content)  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        return "250 2.0.0 kept"


@dataclass
class Bed:
    """Everything that stands while a test runs."""

    shared: Shared
    port: int
    mail: Mailboxes
    scanner: Mailboxes
    resolver: FakeResolver
    log: io.StringIO
    ending: Ending
    serving: asyncio.Task[None]

    async def client(self, source: str = WORM) -> Client:
        reader, writer = await asyncio.open_connection(
            PROXY, self.port, local_addr=(source, 0), limit=1 << 20
        )
        return Client(reader, writer)

    def set(self, **changes: Any) -> None:
        """Other settings, for the sessions to come."""
        shared = self.shared
        shared.settings = replace(shared.settings, **changes)
        shared.mail_server = MailServer(shared.settings, shared.mail_server)

    def logged(self) -> str:
        self.shared.eventlog.flush()
        return self.log.getvalue()


@dataclass
class Client:
    """Speaks SMTP a line at a time."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> str:
        """The next reply, its lines joined; empty where the connection has ended."""
        lines = []
        while line := await asyncio.wait_for(self.reader.readline(), 10):
            lines.append(line.decode().rstrip("\r\n"))
            if lines[-1][3:4] != "-":
                break
        return "\n".join(lines)

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.answer()

    async def envelope(self, *recipients: str) -> list[str]:
        """Greeting, EHLO, MAIL and the recipients; the answers to the recipients."""
        await self.answer()
        await self.say("EHLO client.test")
        await self.say("MAIL FROM:<someone@client.test>")
        return [await self.say(f"RCPT TO:<{recipient}>") for recipient in recipients]

    async def send(self, *recipients: str, text: str = "Subject: hello\r\n\r\nhello\r\n") -> str:
        """A whole message; the verdict on it."""
        await self.envelope(*recipients)
        go_on = await self.say("DATA")
        if not go_on.startswith("354"):
            return go_on
        return await self.say(f"{text}.")

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def bed(stage: Stage = Stage.OBSERVE) -> AsyncIterator[Bed]:
    """A mail server, a scanner, a proxy before them, and the domain it.test behind the scanner."""
    loop = asyncio.get_running_loop()
    mail, scanner = Mailboxes(), Mailboxes()
    servers = [
        await loop.create_server(partial(SMTP, handler, loop=loop), host, 0)
        for handler, host in ((mail, MAIL_SERVER), (scanner, SCANNER))
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    listener = bind(PROXY, 0)
    listener.listen()
    port = listener.getsockname()[1]
    resolver = FakeResolver(
        mx={"it.test": ["10 mx.scanner.test"]}, a={"mx.scanner.test": [SCANNER]}
    )
    shared, log = _shared(stage, resolver, *ports)
    ending = Ending()
    serving = asyncio.create_task(serve(lambda: shared, [listener], ending))
    try:
        yield Bed(shared, port, mail, scanner, resolver, log, ending, serving)
    finally:
        ending.stop(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        for server in servers:
            server.close()


def _shared(
    stage: Stage, resolver: FakeResolver, mail_port: int, scanner_port: int
) -> tuple[Shared, io.StringIO]:
    scanner = Scanner("scanner", mx=("scanner.test",), addresses=Networks.of(SCANNER))
    rules = Rules(
        inventory=Domains(["it.test"]),
        stage=stage,
        scanners={"scanner": scanner},
        own=frozenset([ip_address(MAIL_SERVER)]),
    )
    doors = Doors(resolver, rules.scanners, Recollection(), time.time)
    endpoint = Endpoint(ip_address(MAIL_SERVER), mail_port)
    decider = Decider(rules, doors, ClientNames(resolver, time.time), reroute_port=scanner_port)
    log = io.StringIO()
    settings = Settings("mx.test", Mark(b"k" * 32), endpoint, contact="postmaster@mx.test")
    return Shared(settings, decider, EventLog(log)), log


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
