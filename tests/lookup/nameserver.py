"""A name server of a few lines on loopback: it answers as a function says, over UDP and TCP."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Respond = Callable[[dns.message.Message, str], bytes | None]
"""The octets to answer a query with, by transport ("udp" or "tcp"); None is silence."""

SOA = "example. 600 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60"


def reply(
    query: dns.message.Message,
    answer: Iterable[str] = (),
    authority: Iterable[str] = (),
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: int = dns.flags.RA,
) -> bytes:
    """An answer out of lines as a zone file has them; NS records of `authority` are a referral."""
    message = dns.message.make_response(query)
    message.set_rcode(rcode)
    message.flags |= flags
    for lines, section in ((answer, message.answer), (authority, message.authority)):
        for line in lines:
            name, ttl, _, kind, *rest = line.split(" ")
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, " ".join(rest)))
    return message.to_wire(max_size=65535)


@asynccontextmanager
async def serving(respond: Respond) -> AsyncIterator[tuple[str, int]]:
    """Serve on 127.0.0.1; gives (address, port)."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            query = dns.message.from_wire(await reader.readexactly(length))
            wire = respond(query, "tcp")
            if wire is not None:
                writer.write(struct.pack("!H", len(wire)) + wire)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.DatagramTransport, transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            wire = respond(dns.message.from_wire(data), "udp")
            if wire is not None:
                self.transport.sendto(wire, addr)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    where: tuple[str, int] = server.sockets[0].getsockname()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=where)
    try:
        yield where
    finally:
        transport.close()
        server.close()
