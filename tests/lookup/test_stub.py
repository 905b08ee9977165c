"""The lean client where others than the server have their say, and where answers are late or lost.

That it reads and asks as the other resolver does is in test_resolver and test_messages.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import pytest
import uvloop

from mxward.lookup.chase import Reply
from mxward.lookup.stub import Stub
from mxward.model import Kind, Known, Question
from tests.lookup.nameserver import SOA, reply, serving

ASKED = Question(Kind.A, "x.example")
GOOD, FORGED = "x.example. 60 IN A 192.0.2.1", "x.example. 60 IN A 198.51.100.66"


@dataclass
class Wire(asyncio.DatagramProtocol):
    """A name server that sees datagrams, and sends what and whence it likes."""

    hear: Callable[[Wire, bytes, tuple[str, int]], None]
    heard: list[tuple[bytes, tuple[str, int]]] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, octets: bytes, client: tuple[str, int]) -> None:
        self.heard.append((octets, client))
        self.hear(self, octets, client)

    def say(self, octets: bytes, client: tuple[str, int]) -> None:
        self.transport.sendto(octets, client)

    @property
    def address(self) -> tuple[str, int]:
        where: tuple[str, int] = self.transport.get_extra_info("sockname")
        return where


@asynccontextmanager
async def listening(
    hear: Callable[[Wire, bytes, tuple[str, int]], None], at: tuple[str, int] = ("127.0.0.1", 0)
) -> AsyncIterator[Wire]:
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(lambda: Wire(hear), local_addr=at)
    yield wire
    transport.close()


@asynccontextmanager
async def asking(*servers: tuple[str, int], within: float = 2.0) -> AsyncIterator[Stub]:
    stub = Stub(servers, within)
    try:
        yield stub
    finally:
        stub.close()


def answer(octets: bytes, *lines: str) -> bytes:
    return reply(dns.message.from_wire(octets), lines)


def framed(query: dns.message.Message, ident: int) -> bytes:
    """A good answer as TCP has it, with an id."""
    octets = answer(query.to_wire(), GOOD)
    return struct.pack("!HH", len(octets), ident) + octets[2:]


def echo(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    """Say that there is no such record, as fast as can be."""
    wire.say(octets[:2] + b"\x81\x80" + octets[4:], client)


def another_id(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    forged = answer(octets, FORGED)
    for off in range(1, 200):
        wire.say(
            struct.pack("!H", (octets[0] << 8 | octets[1]) + off & 0xFFFF) + forged[2:], client
        )


def another_question(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    other = dns.message.make_query("y.example", "A", id=octets[0] << 8 | octets[1])
    wire.say(reply(other, [FORGED.replace("x.", "y.")]), client)
    wire.say(reply(other, (), [SOA], dns.rcode.NXDOMAIN), client)


def another_port(_wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.sendto(answer(octets, FORGED), client)


def another_address(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", wire.address[1]))
        other.sendto(answer(octets, FORGED), client)


def noise(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
    for said in (b"", b"\0", octets[:2], octets, octets[:2] + bytes(10), bytes(2_000)):
        wire.say(said, client)


@pytest.mark.parametrize(
    "forge", [another_id, another_question, another_port, another_address, noise]
)
def test_what_does_not_come_from_the_server_for_this_question_is_ignored(
    forge: Callable[[Wire, bytes, tuple[str, int]], None],
) -> None:
    def hear(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
        forge(wire, octets, client)
        asyncio.get_running_loop().call_later(0.05, wire.say, answer(octets, GOOD), client)

    async def main() -> Reply:
        async with listening(hear) as wire, asking(wire.address) as stub:
            return await stub.ask(ASKED)

    assert asyncio.run(main()).values == ("192.0.2.1",)


def test_ids_and_ports_cannot_be_foretold() -> None:
    async def main() -> list[tuple[bytes, tuple[str, int]]]:
        async with listening(echo) as wire, asking(wire.address) as stub:
            for _ in range(50):
                await asyncio.gather(*(stub.ask(ASKED) for _ in range(200)))
            return wire.heard

    heard = asyncio.run(main())
    ids = [octets[0] << 8 | octets[1] for octets, _ in heard]
    ports = Counter(port for _, (_, port) in heard)
    assert len(heard) >= 10_000
    assert len(set(ids)) > 8_500  # of 65,536: as random numbers repeat
    assert len({b - a & 0xFFFF for a, b in pairwise(ids)}) > 8_500
    assert len({port for _, (_, port) in heard[:100]}) == 4  # so many at once
    assert len(ports) >= 5  # and new ones after some thousands of questions
    assert max(ports.values()) <= 2_000


def test_ids_are_as_random_as_what_is_given() -> None:
    async def main() -> list[bytes]:
        async with listening(echo) as wire:
            stub = Stub([wire.address], 2.0, random=lambda size: bytes(range(256)) * (size // 256))
            for _ in range(3):
                await stub.ask(ASKED)
            stub.close()
            return [octets[:2] for octets, _ in wire.heard]

    last = [struct.unpack("=H", bytes(range(250, 256))[n : n + 2])[0] for n in (4, 2, 0)]
    assert asyncio.run(main()) == [struct.pack("!H", number) for number in last]


def test_an_answer_to_an_earlier_try_counts() -> None:
    def hear(wire: Wire, _octets: bytes, client: tuple[str, int]) -> None:
        if len(wire.heard) == 2:  # the first question is answered when it is asked again
            first, whom = wire.heard[0]
            wire.say(answer(first, GOOD), whom)

    async def main() -> tuple[Reply, int]:
        async with listening(hear) as wire, asking(wire.address, within=1.2) as stub:
            return await stub.ask(ASKED), len(wire.heard)

    found, asked = asyncio.run(main())
    assert (found.values, asked) == (("192.0.2.1",), 2)


def test_a_question_is_sent_three_times_at_most() -> None:
    async def main() -> tuple[Reply, int]:
        async with listening(lambda *_: None) as wire, asking(wire.address, within=1.5) as stub:
            return await stub.ask(ASKED), len(wire.heard)

    found, asked = asyncio.run(main())
    assert (found.state, asked) == (Known.FAILED, 3)


def test_a_server_that_is_silent_is_asked_first_no_more() -> None:
    silent: list[dns.message.Message] = []
    good: list[dns.message.Message] = []

    def answers(query: dns.message.Message, _: str) -> bytes:
        good.append(query)
        return reply(query, [GOOD])

    async def main() -> list[Reply]:
        async with (
            serving(lambda query, _: silent.append(query)) as first,
            serving(answers) as second,
            asking(first, second, within=0.9) as stub,
        ):
            found = [await stub.ask(ASKED) for _ in range(12)]
            found += await asyncio.gather(*(stub.ask(ASKED) for _ in range(20)))
            return found

    assert {found.values for found in asyncio.run(main())} == {("192.0.2.1",)}
    assert (len(silent), len(good)) == (8, 32)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_server_that_comes_back_is_heard_at_once(run: Callable[..., Reply]) -> None:
    """While it is away the kernel says so (ECONNREFUSED), and event loops make their own of it."""

    async def main() -> Reply:
        async with listening(echo) as wire:
            address = wire.address
        async with asking(address, within=1.0) as stub:
            away = await asyncio.gather(*(stub.ask(ASKED) for _ in range(8)))
            assert {found.state for found in away} == {Known.FAILED}
            async with listening(echo, address):
                back = await asyncio.gather(*(stub.ask(ASKED) for _ in range(8)))
        return next((found for found in back if found.state is Known.FAILED), back[0])

    assert run(main()).state is Known.ABSENT


def test_64_kb_of_text_come_over_tcp() -> None:
    line = "x.example. 60 IN TXT " + " ".join(['"' + "v" * 255 + '"'] * 250)

    def respond(query: dns.message.Message, transport: str) -> bytes:
        truncated = transport == "udp"
        return reply(query, () if truncated else [line], flags=dns.flags.TC * truncated)

    async def main() -> Reply:
        async with serving(respond) as server, asking(server) as stub:
            return await stub.ask(Question(Kind.TXT, "x.example"))

    assert asyncio.run(main()).values == ("v" * 255 * 250,)


@pytest.mark.parametrize(
    ("say", "state"),
    [
        (lambda query: framed(query, query.id), Known.FOUND),
        (lambda query: framed(query, query.id ^ 1), Known.FAILED),
        (lambda query: framed(query, query.id)[:-1], Known.FAILED),
        (lambda query: b"\0\x10" + framed(query, query.id)[2:], Known.FAILED),
        (lambda _query: b"\0\0", Known.FAILED),
        (lambda _query: b"\0", Known.FAILED),
        (lambda _query: None, Known.FAILED),
    ],
    ids=lambda _: "",
)
def test_what_is_no_answer_over_tcp_is_failed(
    say: Callable[[dns.message.Message], bytes | None], state: Known
) -> None:
    """The connection is closed after what is said, or stays open where that is nothing."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2))
        said = say(dns.message.from_wire(await reader.readexactly(size)))
        if said is None:
            await reader.read()
        else:
            writer.write(said)
        writer.close()

    def hear(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
        wire.say(reply(dns.message.from_wire(octets), flags=dns.flags.TC), client)

    async def main() -> Reply:
        async with listening(hear) as wire, asking(wire.address, within=0.3) as stub:
            server = await asyncio.start_server(talk, *wire.address)
            found = await stub.ask(ASKED)
            server.close()
            return found

    assert asyncio.run(main()).state is state


def test_the_time_bounds_a_chain_of_cnames_whose_every_link_is_slow() -> None:
    def hear(wire: Wire, octets: bytes, client: tuple[str, int]) -> None:
        asked = dns.message.from_wire(octets).question[0].name.to_text()
        said = answer(octets, f"{asked} 60 IN CNAME n{asked}")
        asyncio.get_running_loop().call_later(0.08, wire.say, said, client)

    async def main() -> tuple[Reply, int]:
        async with listening(hear) as wire, asking(wire.address, within=0.3) as stub:
            return await stub.ask(ASKED), len(wire.heard)

    found, asked = asyncio.run(main())
    assert found.state is Known.FAILED
    assert asked <= 4  # each link took a quarter of the time


def test_whoever_no_longer_waits_does_no_harm() -> None:
    wrong: list[object] = []

    async def main() -> Reply:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: wrong.append(what))
        async with listening(echo) as wire, asking(wire.address) as stub:
            waiter = asyncio.create_task(stub.ask(ASKED))
            await asyncio.sleep(0)
            waiter.cancel()
            return await stub.ask(ASKED)

    assert asyncio.run(main()).state is Known.ABSENT
    assert wrong == []


def test_no_such_name_is_told_from_no_such_record() -> None:
    def nxdomain(query: dns.message.Message, _: str) -> bytes:
        return reply(query, (), [SOA], dns.rcode.NXDOMAIN)

    async def main() -> list[Reply]:
        async with (
            serving(nxdomain) as no_name,
            serving(lambda query, _: reply(query, (), [SOA])) as no_record,
            asking(no_name) as one,
            asking(no_record) as other,
        ):
            return [await one.ask(ASKED), await other.ask(ASKED)]

    assert [found.no_such_name for found in asyncio.run(main())] == [True, False]


@pytest.mark.parametrize("server", ["localhost", "dns.example", "300.1.1.1", ""])
def test_a_server_is_given_by_its_address(server: str) -> None:
    with pytest.raises(ValueError, match="no address of a DNS server"):
        Stub([(server, 53)], 1.0)
