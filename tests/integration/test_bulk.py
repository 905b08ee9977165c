"""Very many look-ups through a real resolver: unbound before NSD; and when that falters."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mxward.lookup.bulk import Bulk, NoAnswers, Replies
from mxward.lookup.chase import Reply
from mxward.lookup.resolver import DnsResolver
from mxward.lookup.stub import Stub
from mxward.model import Answer, Kind, Known, Question
from tests.integration.servers import Nsd, Unbound

pytestmark = pytest.mark.real

NSD, UNBOUND = "192.0.2.53", "127.0.0.1"
NUMBER = 300
NAMES = ("", "mail.", "www.", "smtp.", "ftp.", "remote.")
LONG = " ".join([f'"{"v" * 255}"'] * 240)

ZONES: dict[str, str | None] = {
    "many.example": "\n".join(
        f"d{n} MX 10 mx.many.example.\n"
        f"d{n} A 203.0.113.{n % 250}\n"
        f"mail.d{n} A 203.0.113.{n % 250}\n"
        f"mail.d{n} AAAA 2001:db8::{n:x}\n"
        f"www.d{n} CNAME d{n}\n"
        f"ftp.d{n} CNAME gone.d{n}"
        for n in range(NUMBER)
    ),
    "odd.example": "\n".join(
        [
            "wild MX 10 mail",
            "*.wild A 203.0.113.9",
            "loop1 CNAME loop2",
            "loop2 CNAME loop1",
            "self CNAME self",
            *(f"chain{n} CNAME chain{n + 1}" for n in range(5)),
            "chain5 A 203.0.113.5",
            f"long TXT {LONG}",
            *(f"hosts MX {n} mx{n}" for n in range(500)),
            "literal MX 10 192.0.2.1.",
            "null MX 0 .",
            "xn--bcher-kva MX 10 mx",
            "_25._tcp.mx TLSA 3 1 1 " + "0aff" * 16,
            "out CNAME mx.elsewhere.example.",
            "dead CNAME x.broken.example.",
            r"odd\.dot\"quote CNAME \032\255.odd.example.",
            r"\032\255 A 203.0.113.7",
            "_imaps._tcp SRV 0 1 993 Mail",
            r'mail CAA 0 issue "ca.example\; a=\"b\255\""',
            'to-odd CNAME odd\\.dot\\"quote',
        ]
    ),
    "elsewhere.example": "mx A 203.0.113.77",
    "113.0.203.in-addr.arpa": "5 PTR Mail.Odd.Example.",
    "broken.example": None,
}


@pytest.fixture(scope="module")
def unbound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unbound]:
    directory = tmp_path_factory.mktemp("dns")
    with ExitStack() as stack:
        stack.enter_context(Nsd(directory / "nsd", NSD, zones=ZONES))
        yield stack.enter_context(Unbound(directory / "unbound", UNBOUND, root=(NSD, 53)))


def guesses(domain: str) -> Iterator[Question]:
    yield Question(Kind.MX, domain)
    for name in NAMES:
        yield Question(Kind.A, name + domain)
        yield Question(Kind.AAAA, name + domain)


def sweep(
    progress: Callable[[int, int], None] | None = None,
    timeout: float = 10.0,
    into: dict[str, Replies] | None = None,
) -> dict[str, Replies]:
    """What comes of all the domains of many.example."""
    heard = {} if into is None else into

    async def main() -> None:
        stub = Stub([(UNBOUND, 53)], timeout)
        domains = [f"d{n}.many.example" for n in range(NUMBER)]
        await Bulk(stub).each(domains, guesses, heard.__setitem__, progress)
        stub.close()

    asyncio.run(main())
    return heard


Told = tuple[Known, tuple[str, ...]]


def expected(number: int) -> dict[Question, Told]:
    """What the zone says of one of them."""
    domain = f"d{number}.many.example"
    v4: Told = (Known.FOUND, (f"203.0.113.{number % 250}",))
    v6: Told = (Known.FOUND, (f"2001:db8::{number:x}" if number else "2001:db8::",))
    no: Told = (Known.ABSENT, ())
    addresses = {"": (v4, no), "mail.": (v4, v6), "www.": (v4, no)}
    says: dict[Question, Told] = {Question(Kind.MX, domain): (Known.FOUND, ("10 mx.many.example",))}
    for name in NAMES:
        a, aaaa = addresses.get(name, (no, no))
        says |= {Question(Kind.A, name + domain): a, Question(Kind.AAAA, name + domain): aaaa}
    return says


def told(replies: Replies) -> dict[Question, Told]:
    return {question: (reply.state, reply.values) for question, reply in replies.items()}


def test_what_the_zones_say_is_what_is_heard(unbound: Unbound) -> None:
    heard = sweep()
    for number in range(NUMBER):
        assert told(heard[f"d{number}.many.example"]) == expected(number)


ODD = [
    *(Question(kind, "wild.odd.example") for kind in Kind),
    Question(Kind.A, "anything.wild.odd.example"),
    Question(Kind.A, "loop1.odd.example"),
    Question(Kind.A, "self.odd.example"),
    Question(Kind.A, "chain0.odd.example"),
    Question(Kind.TXT, "long.odd.example"),
    Question(Kind.MX, "hosts.odd.example"),
    Question(Kind.MX, "literal.odd.example"),
    Question(Kind.MX, "null.odd.example"),
    Question(Kind.MX, "Bücher.odd.example"),
    Question(Kind.TLSA, "_25._tcp.mx.odd.example"),
    Question(Kind.PTR, "5.113.0.203.in-addr.arpa"),
    Question(Kind.A, "out.odd.example"),
    Question(Kind.A, "dead.odd.example"),
    Question(Kind.A, "to-odd.odd.example"),
    Question(Kind.CNAME, "to-odd.odd.example"),
    Question(Kind.NS, "odd.example"),
    Question(Kind.SOA, "odd.example"),
    Question(Kind.SRV, "_imaps._tcp.odd.example"),
    Question(Kind.CAA, "mail.odd.example"),
    Question(Kind.A, "x.broken.example"),
    Question(Kind.MX, "broken.example"),
    Question(Kind.MX, "nowhere"),
    Question(Kind.MX, "no name"),
]


def test_both_resolvers_say_the_same_of_what_is_odd(unbound: Unbound) -> None:
    async def main() -> tuple[dict[Question, Reply], list[Answer]]:
        stub, into = Stub([(UNBOUND, 53)], 5.0), dict[Question, Reply]()
        await Bulk(stub).ask(ODD, into)
        stub.close()
        resolver = DnsResolver([(UNBOUND, 53)], 5.0)
        return into, [await resolver.ask(question) for question in ODD]

    into, theirs = asyncio.run(main())
    for question, answer in zip(ODD, theirs, strict=True):
        ours = into[question]
        # Which record comes first, and for how long, the resolver says anew each time.
        assert (ours.state, sorted(ours.values)) == (answer.state, sorted(answer.values)), question
        assert ours.canonical == answer.canonical
    states = Counter(into[question].state for question in ODD)
    assert states == {Known.FOUND: 17, Known.ABSENT: 11, Known.FAILED: 6}
    assert len(into[Question(Kind.MX, "hosts.odd.example")].values) == 500
    assert len(into[Question(Kind.TXT, "long.odd.example")].values[0]) == 240 * 255


def test_a_wildcard_is_noticed(unbound: Unbound) -> None:
    async def main() -> dict[Question, Reply]:
        stub, into = Stub([(UNBOUND, 53)], 5.0), dict[Question, Reply]()
        names = ("wild.odd.example", "hosts.odd.example", "broken.example")
        made_up = [Question(Kind.A, f"{os.urandom(10).hex()}.{name}") for name in names]
        await Bulk(stub).ask(made_up, into)
        stub.close()
        return into

    replies = asyncio.run(main()).values()
    assert [reply.state for reply in replies] == [Known.FOUND, Known.ABSENT, Known.FAILED]


def test_a_resolver_that_stands_still_for_a_while_costs_nothing_but_time(unbound: Unbound) -> None:
    def progress(done: int, _of: int) -> None:
        if done == 20:
            os.kill(unbound.pid, signal.SIGSTOP)
            loop = asyncio.get_running_loop()
            loop.call_later(1.5, os.kill, unbound.pid, signal.SIGCONT)

    heard = sweep(progress, timeout=3.0)
    for number in range(NUMBER):
        assert told(heard[f"d{number}.many.example"]) == expected(number)


def test_a_resolver_that_is_started_anew_costs_nothing_but_time(unbound: Unbound) -> None:
    def progress(done: int, _of: int) -> None:
        if done == 20:
            unbound.kill()
            unbound.start()

    heard = sweep(progress, timeout=15.0)
    for number in range(NUMBER):
        assert told(heard[f"d{number}.many.example"]) == expected(number)


def test_a_resolver_that_dies_makes_nothing_absent(unbound: Unbound) -> None:
    def progress(done: int, _of: int) -> None:
        if done == 20:
            unbound.kill()

    heard: dict[str, Replies] = {}
    try:
        with pytest.raises(NoAnswers):
            sweep(progress, 0.1, heard)
    finally:
        unbound.start()
    assert 20 < len(heard) < NUMBER
    said = Counter(reply.state for replies in heard.values() for reply in replies.values())
    assert said[Known.FAILED] > 10
    for domain, replies in heard.items():
        truth = expected(int(domain[1 : domain.index(".")]))
        for question, its in told(replies).items():
            assert its in ((Known.FAILED, ()), truth[question])
