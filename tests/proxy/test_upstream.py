"""What a connection onward tells its owner: each thing once, and no empty pieces.

The relay's laws (tests/smtp/watched.py) count on that.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop

from mxward.proxy.upstream import UpstreamConnection
from mxward.smtp.vocabulary import (
    Connected,
    Endpoint,
    Event,
    UpstreamBytes,
    UpstreamGone,
    UpstreamSecured,
)
from tests.certificates import self_signed

HERE = "127.25.0.1"


async def heard(server: ssl.SSLContext, client: ssl.SSLContext) -> list[Event]:
    """All that is told of a server that speaks TLS from the first octet, greets and goes."""

    async def greets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        writer.close()

    events: list[Event] = []
    over = asyncio.Event()

    def tell(event: Event) -> None:
        events.append(event)
        if isinstance(event, Connected):
            upstream.secure(client, "mail.test", 10)
        elif isinstance(event, UpstreamGone):
            over.set()

    upstream = UpstreamConnection(tell, lambda held: None)
    async with await asyncio.start_server(greets, HERE, 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        upstream.open(Endpoint(ip_address(HERE), port), None, 10)
        await asyncio.wait_for(over.wait(), 20)
    return events


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_connection_stands_once_and_nothing_said_is_not_told(
    tmp_path: Path, run: Callable[..., list[Event]]
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*self_signed("mail.test").write(tmp_path, "mail"))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    told = run(heard(server, client))
    assert told[:2] == [Connected(), UpstreamSecured()]
    assert told[2:3] == [UpstreamBytes(b"220 mail.test\r\n")]
    assert [type(x) for x in told[3:]] == [UpstreamGone]
