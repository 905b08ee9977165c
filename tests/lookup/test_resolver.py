"""The real resolvers against name servers that answer well, badly, and not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.lookup.resolver import DnsResolver
from mxward.lookup.stub import Stub
from mxward.model import Answer, Kind, Known, Question
from tests.lookup.nameserver import SOA, Respond, reply, serving

FAILED = Answer(Known.FAILED)


Ask = Callable[..., Answer]
"""Ask servers that respond so: `ask(respond, "MX", "example", timeout=2.0)`."""


def _silent(_query: dns.message.Message, _transport: str) -> None:
    pass


@pytest.fixture(scope="module", params=[DnsResolver, Stub])
def ask(request: pytest.FixtureRequest) -> Ask:
    """What each of the resolvers answers."""

    async def asking(respond: tuple[Respond | None, ...], asked: Question, within: float) -> Answer:
        async with AsyncExitStack() as stack:
            servers = [await stack.enter_async_context(serving(r or _silent)) for r in respond]
            if respond[0] is None:
                await stack.aclose()  # nobody listens there any more
            resolver: DnsResolver | Stub = request.param(servers, within)
            answer = await resolver.ask(asked)
            if isinstance(resolver, Stub):
                resolver.close()
        return Answer(answer.state, answer.values, answer.ttl, answer.canonical)

    def ask(
        respond: Respond | None, kind: str, name: str, *others: Respond, timeout: float = 2.0
    ) -> Answer:
        return asyncio.run(asking((respond, *others), Question(Kind(kind), name), timeout))

    return ask


@pytest.mark.parametrize(
    ("kind", "answer", "values"),
    [
        ("MX", ["10 MX1.example.", "20 mx2.example."], {"10 mx1.example", "20 mx2.example"}),
        ("MX", ["0 ."], {"0 ."}),
        ("MX", ["10 192.0.2.1."], {"10 192.0.2.1"}),
        ("A", ["192.0.2.1", "192.0.2.2"], {"192.0.2.1", "192.0.2.2"}),
        ("AAAA", ["2001:db8::1"], {"2001:db8::1"}),
        ("TXT", ['"v=spf1 ip4:192.0.2.1" " -all"'], {"v=spf1 ip4:192.0.2.1 -all"}),
        ("TXT", ['"\\195\\164"'], {"\\xc3\\xa4"}),
        ("PTR", ["Mail.Example."], {"mail.example"}),
        ("TLSA", [f"3 1 1 {'0AFF' * 16}"], {f"3 1 1 {'0aff' * 16}"}),
        ("TLSA", [f"2 0 0 {'0A ' * 100}"], {f"2 0 0 {'0a' * 100}"}),
    ],
)
def test_found(ask: Ask, kind: str, answer: list[str], values: set[str]) -> None:
    lines = [f"example. 77 IN {kind} {rdata}" for rdata in answer]
    found = ask(lambda query, _: reply(query, lines), kind, "example")
    assert (found.state, set(found.values)) == (Known.FOUND, values)
    assert (found.ttl, found.canonical) == (77, "")


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
@pytest.mark.parametrize(
    ("authority", "ttl"),
    [
        ([SOA], 60),  # RFC 2308 5: the lesser of the SOA's TTL and its minimum
        (["example. 20 IN SOA ns.example. h.example. 1 3600 600 86400 60"], 20),
    ],
)
def test_absent(ask: Ask, rcode: dns.rcode.Rcode, authority: list[str], ttl: int) -> None:
    absent = ask(lambda query, _: reply(query, (), authority, rcode), "MX", "x.example")
    assert absent == Answer(Known.ABSENT, (), ttl)


def test_absent_without_soa_holds_no_longer_than_it_must(ask: Ask) -> None:
    assert ask(lambda query, _: reply(query), "MX", "x.example") == Answer(Known.ABSENT)


NS = "example. 600 IN NS ns.example."


@pytest.mark.parametrize(
    "respond",
    [
        lambda query, _: reply(query, rcode=dns.rcode.SERVFAIL),
        lambda query, _: reply(query, rcode=dns.rcode.REFUSED),
        lambda query, _: reply(query, rcode=dns.rcode.FORMERR),
        lambda query, _: reply(query, rcode=dns.rcode.NOTIMP),
        lambda query, _: reply(query, rcode=dns.rcode.YXDOMAIN),
        lambda query, _: reply(query, (), [NS], flags=0),  # a referral
        lambda query, _: reply(query, (), [NS]),
        lambda query, _: reply(query, flags=0),  # a server that knows nothing of it
        lambda _query, _: None,
        lambda _query, _: b"",
        lambda _query, _: b"\x00" * 12,
        lambda _query, _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda query, _: query.to_wire(),  # the query itself
        lambda query, _: reply(query, ["x.example. 60 IN MX 10 mx.example."])[:-3],
        lambda query, _: reply(query, ["y.example. 60 IN MX 10 mx.example."], flags=0),
        lambda query, _: reply(dns.message.make_query("other.example", "MX"), ()),
        lambda query, _: reply(query, flags=dns.flags.TC),  # truncated over TCP too
    ],
    ids=lambda _: "",
)
def test_whatever_is_no_answer_is_failed_and_never_absent(ask: Ask, respond: Respond) -> None:
    assert ask(respond, "MX", "x.example", timeout=0.3) == FAILED


def test_a_truncated_answer_is_asked_for_again_over_tcp(ask: Ask) -> None:
    transports = []

    def respond(query: dns.message.Message, transport: str) -> bytes:
        transports.append(transport)
        if transport == "udp":
            return reply(query, flags=dns.flags.TC)
        return reply(query, [f"x.example. 60 IN MX 10 mx{n}.example." for n in range(300)])

    found = ask(respond, "MX", "x.example")
    assert (len(found.values), transports) == (300, ["udp", "tcp"])


def test_a_cname_chain_in_one_answer(ask: Ask) -> None:
    chain = [
        "mx.example. 300 IN CNAME a.example.",
        "a.example. 20 IN CNAME B.mimecast.com.",
        "b.mimecast.com. 60 IN A 192.0.2.1",
    ]
    found = ask(lambda query, _: reply(query, chain), "A", "mx.example")
    assert found == Answer(Known.FOUND, ("192.0.2.1",), 20, "b.mimecast.com")


def test_a_cname_chain_that_is_left_to_us(ask: Ask) -> None:
    zone = {
        "mx.example.": ["mx.example. 20 IN CNAME a.example."],
        "a.example.": ["a.example. 60 IN CNAME b.example."],
        "b.example.": ["b.example. 60 IN A 192.0.2.1"],
    }

    def respond(query: dns.message.Message, _: str) -> bytes:
        return reply(query, zone[query.question[0].name.to_text()], flags=dns.flags.AA)

    found = ask(respond, "A", "mx.example")
    assert found == Answer(Known.FOUND, ("192.0.2.1",), 20, "b.example")


@pytest.mark.parametrize(("links", "state"), [(7, Known.FOUND), (8, Known.FAILED)])
def test_the_rest_of_a_chain_is_asked_for_so_often_only(ask: Ask, links: int, state: Known) -> None:
    def respond(query: dns.message.Message, _: str) -> bytes:
        name = query.question[0].name.to_text()
        number = int(name.removesuffix(".example."))
        leads = f"CNAME {number + 1}.example." if number < links else "A 192.0.2.1"
        return reply(query, [f"{name} 60 IN {leads}"])

    assert ask(respond, "A", "0.example").state is state


def test_a_cname_that_leads_nowhere_is_absent(ask: Ask) -> None:
    def respond(query: dns.message.Message, _: str) -> bytes:
        line = "mx.example. 300 IN CNAME gone.example."
        return reply(query, [line], [SOA], dns.rcode.NXDOMAIN)

    assert ask(respond, "A", "mx.example") == Answer(Known.ABSENT, (), 60, "gone.example")


def test_cnames_in_a_circle_are_no_answer(ask: Ask) -> None:
    def respond(query: dns.message.Message, _: str) -> bytes:
        name = query.question[0].name.to_text()
        other = {"a.example.": "b.example.", "b.example.": "a.example."}[name]
        return reply(query, [f"{name} 60 IN CNAME {other}"])

    assert ask(respond, "A", "a.example") == FAILED


@pytest.mark.parametrize("name", ["bücher.example", "BÜCHER.example.", "xn--bcher-kva.example"])
def test_names_are_asked_for_as_a_labels(ask: Ask, name: str) -> None:
    asked = []

    def respond(query: dns.message.Message, _: str) -> bytes:
        asked.append(query.question[0].name.to_text())
        return reply(query, [f"{asked[-1]} 60 IN A 192.0.2.1"])

    assert ask(respond, "A", name).values == ("192.0.2.1",)
    assert asked == ["xn--bcher-kva.example."]


@pytest.mark.parametrize("name", ["", ".", "a..b", "a b", "a" * 64, "\ud800", "x." * 200])
def test_what_is_no_name_is_not_asked(ask: Ask, name: str) -> None:
    asked = []

    def respond(query: dns.message.Message, _: str) -> bytes:
        asked.append(query)
        return reply(query)

    assert ask(respond, "A", name) == FAILED
    assert asked == []


def test_the_time_bounds_one_look_up_in_all(ask: Ask) -> None:
    start = time.monotonic()
    assert ask(lambda query, _: None, "A", "x.example", timeout=0.3) == FAILED
    assert time.monotonic() - start < 1.5


def test_a_lost_datagram_is_sent_again(ask: Ask) -> None:
    asked: list[int] = []

    def respond(query: dns.message.Message, _: str) -> bytes | None:
        asked.append(query.id)
        return None if len(asked) == 1 else reply(query, ["x.example. 60 IN A 192.0.2.1"])

    assert ask(respond, "A", "x.example", timeout=1.0).state is Known.FOUND


def test_another_server_is_asked_when_one_fails(ask: Ask) -> None:
    def fails(query: dns.message.Message, _: str) -> bytes:
        return reply(query, rcode=dns.rcode.SERVFAIL)

    def answers(query: dns.message.Message, _: str) -> bytes:
        return reply(query, ["x.example. 60 IN A 192.0.2.1"])

    assert ask(fails, "A", "x.example", answers).values == ("192.0.2.1",)


def test_nobody_listening_is_failed(ask: Ask) -> None:
    assert ask(None, "A", "x.example", timeout=0.3) == FAILED


@pytest.mark.parametrize("resolver", [DnsResolver, Stub])
def test_no_server_is_the_users_mistake(resolver: type[DnsResolver | Stub]) -> None:
    with pytest.raises(ValueError, match="no DNS servers"):
        resolver([], 1.0)


@pytest.mark.parametrize("resolver", [DnsResolver, Stub])
def test_resolv_conf_is_read_where_no_server_is_given(
    resolver: type[DnsResolver | Stub],
) -> None:
    if "nameserver" not in Path("/etc/resolv.conf").read_text():
        pytest.skip("this machine has no nameserver in /etc/resolv.conf")
    resolver(None, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 200), st.binary(max_size=4))
def test_no_octets_raise(ask: Ask, tail: bytes, at: int, patch: bytes) -> None:
    """A good answer with octets overwritten and appended, or noise with the right id."""

    def respond(query: dns.message.Message, _: str) -> bytes:
        wire = bytearray(reply(query, ["x.example. 60 IN MX 10 mx.example."]))
        wire[2 + at : 2 + at + len(patch)] = patch
        return bytes(wire) + tail

    answer = ask(respond, "MX", "x.example", timeout=0.05)
    assert answer.state in (Known.FOUND, Known.ABSENT, Known.FAILED)
