"""An authoritative name server for the whole miniature internet, over UDP and TCP (RFC 1035).

It follows CNAMEs, tells NXDOMAIN from NODATA with an SOA (RFC 2308), truncates what does not fit
a datagram, and can fall silent as one does that has gone away: it takes questions and says
nothing. Not supported: DNSSEC, zone transfers, referrals.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from mxward.demo.zone import Failure, Zone

__all__ = ["NameServer", "respond"]

TTL = 60
SOA = "ns.example. hostmaster.example. 1 3600 600 86400 60"
LONGEST_CHAIN = 8


def respond(zone: Zone, question: bytes, limit: int) -> bytes | None:
    """The answer to a question, of at most `limit` octets; None where none is given."""
    try:
        query = dns.message.from_wire(question)
        response = dns.message.make_response(query)
    except dns.exception.DNSException:
        return None
    response.flags |= dns.flags.AA
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
    elif (failure := zone.failure(query.question[0].name)) is Failure.SILENCE:
        return None
    elif failure is Failure.SERVFAIL:
        response.set_rcode(dns.rcode.SERVFAIL)
    else:
        _fill(zone, query.question[0].name, query.question[0].rdtype, response)
    return _wire(response, limit)


def _fill(
    zone: Zone,
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    response: dns.message.Message,
) -> None:
    for _ in range(LONGEST_CHAIN):
        if found := zone.records.get((name, rdtype)):
            response.answer.append(dns.rrset.from_rdata_list(name, TTL, found))
            return
        alias = zone.records.get((name, dns.rdatatype.CNAME))
        if not alias:
            break
        response.answer.append(dns.rrset.from_rdata_list(name, TTL, alias))
        name = dns.name.from_text(alias[0].to_text())
    if name not in zone.names:
        response.set_rcode(dns.rcode.NXDOMAIN)
    soa = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.SOA, SOA)
    response.authority.append(dns.rrset.from_rdata_list(dns.name.root, TTL, [soa]))


def _wire(response: dns.message.Message, limit: int) -> bytes:
    try:
        return response.to_wire(max_size=limit)
    except dns.exception.TooBig:
        response.answer, response.authority = [], []
        response.flags |= dns.flags.TC
        return response.to_wire(max_size=limit)


class NameServer:
    """Answers from a zone while it is not silent."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.silent = False
        self._datagrams: asyncio.DatagramTransport | None = None
        self._streams: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError where the address is in use."""
        loop = asyncio.get_running_loop()
        self._datagrams, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=(host, port)
        )
        self._streams = await asyncio.start_server(self._stream, host, port)

    async def stop(self) -> None:
        """Stop listening."""
        if self._datagrams:
            self._datagrams.close()
        if self._streams:
            self._streams.close()

    def answer(self, question: bytes, limit: int) -> bytes | None:
        """What to say to a question, if anything."""
        return None if self.silent else respond(self.zone, question, limit)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # RFC 1035 4.2.2: two octets of length before each message
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = self.answer(await reader.readexactly(length), 65_535)
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, peer: tuple[str | int, ...]) -> None:
        with suppress(dns.exception.DNSException):
            answer = self._server.answer(data, _largest(data))
            if answer is not None:
                self._transport.sendto(answer, peer)


def _largest(question: bytes) -> int:
    # RFC 6891 6.2.5: without EDNS 512 octets, otherwise what the client can take
    return max(512, min(1232, dns.message.from_wire(question).payload))
