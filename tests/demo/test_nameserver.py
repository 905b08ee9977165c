"""The name server: answers as data, then the same over real UDP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import pytest

from mxward.demo.block import Block, candidates
from mxward.demo.nameserver import NameServer, respond
from mxward.demo.zone import Zone, parse

ZONE = """
it.co.za          MX     10 mx1.cleanmail.example.
it.co.za          MX     20 mx2.cleanmail.example.
mx.alias.example  CNAME  mx1.cleanmail.example.
mx1.cleanmail.example  A  127.1.2.10
nowhere.example   CNAME  gone.example.
loop.example      CNAME  loop.example.
null.example      MX     0 .
broken.example    !      SERVFAIL
silent.example    !      SILENCE
"""
LARGE = "\n".join(
    f"large.example MX {n} a-rather-long-name-of-a-host-{n}.example." for n in range(40)
)


def zone() -> Zone:
    return parse(ZONE + LARGE, {})


def ask(name: str, kind: str, limit: int = 512) -> dns.message.Message | None:
    answer = respond(zone(), dns.message.make_query(name, kind).to_wire(), limit)
    return dns.message.from_wire(answer) if answer is not None else None


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "values"),
    [
        ("it.co.za", "MX", "NOERROR", ["10 mx1.cleanmail.example.", "20 mx2.cleanmail.example."]),
        ("IT.co.ZA", "MX", "NOERROR", ["10 mx1.cleanmail.example.", "20 mx2.cleanmail.example."]),
        ("it.co.za", "A", "NOERROR", []),
        ("co.za", "MX", "NOERROR", []),  # an empty non-terminal is no NXDOMAIN (RFC 8020)
        ("null.example", "MX", "NOERROR", ["0 ."]),
        ("mx.alias.example", "A", "NOERROR", ["mx1.cleanmail.example.", "127.1.2.10"]),
        ("mx.alias.example", "AAAA", "NOERROR", ["mx1.cleanmail.example."]),
        ("gone.example", "MX", "NXDOMAIN", []),
        ("nowhere.example", "A", "NXDOMAIN", ["gone.example."]),
        ("broken.example", "MX", "SERVFAIL", []),
        ("10.2.1.127.in-addr.arpa", "PTR", "NOERROR", ["mx1.cleanmail.example."]),
    ],
)
def test_answers(name: str, kind: str, rcode: str, values: list[str]) -> None:
    answer = ask(name, kind)
    assert answer is not None
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert sorted(r.to_text() for rrset in answer.answer for r in rrset) == sorted(values)


@pytest.mark.parametrize("name", ["gone.example", "it.co.za"])
def test_what_is_not_there_comes_with_a_soa(name: str) -> None:
    answer = ask(name, "TXT")
    assert answer is not None
    assert [rrset.rdtype.name for rrset in answer.authority] == ["SOA"]


def test_silence() -> None:
    assert ask("silent.example", "MX") is None


def test_a_loop_of_cnames_ends() -> None:
    answer = ask("loop.example", "A")
    assert answer is not None


def test_what_does_not_fit_is_truncated() -> None:
    short, whole = ask("large.example", "MX", 512), ask("large.example", "MX", 65_535)
    assert short is not None
    assert short.flags & dns.flags.TC
    assert short.answer == []
    assert whole is not None
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 40


def test_only_plain_queries() -> None:
    query = dns.message.make_query("it.co.za", "MX")
    query.set_opcode(dns.opcode.NOTIFY)
    answer = respond(zone(), query.to_wire(), 512)
    assert answer is not None
    assert dns.message.from_wire(answer).rcode() == dns.rcode.NOTIMP


@pytest.mark.parametrize("noise", [b"", b"\0", b"\0" * 12, b"\xff" * 40, b"GET / HTTP/1.0\r\n\r\n"])
def test_noise_has_no_answer_that_raises(noise: bytes) -> None:
    respond(zone(), noise, 512)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[NameServer, Block]]:
    for block in candidates(Random()):
        server = NameServer(zone())
        try:
            await server.start(block["dns"], block.dns)
        except OSError:
            await server.stop()
            continue
        try:
            yield server, block
        finally:
            await server.stop()
        return
    raise AssertionError("no free address")


def test_over_udp_and_tcp() -> None:
    async def scene() -> None:
        async with running() as (_, block):
            query = dns.message.make_query("large.example", "MX")
            udp = await dns.asyncquery.udp(query, block["dns"], port=block.dns, timeout=5)
            assert udp.flags & dns.flags.TC
            tcp = await dns.asyncquery.tcp(query, block["dns"], port=block.dns, timeout=5)
            assert len(tcp.answer[0]) == 40

    asyncio.run(scene())


def test_silent_and_back() -> None:
    async def scene() -> None:
        async with running() as (server, block):
            query = dns.message.make_query("it.co.za", "MX")
            server.silent = True
            with pytest.raises(dns.exception.Timeout):
                await dns.asyncquery.udp(query, block["dns"], port=block.dns, timeout=0.2)
            server.silent = False
            answer = await dns.asyncquery.udp(query, block["dns"], port=block.dns, timeout=5)
            assert len(answer.answer[0]) == 2

    asyncio.run(scene())
