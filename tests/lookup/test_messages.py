"""What a message says: the same as dnspython reads in it, whatever it is; and no octets do harm."""

from __future__ import annotations

import asyncio
import struct

import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lookup.messages import FAILED, TRUNCATED, Said, read
from mxward.lookup.resolver import DnsResolver
from mxward.lookup.stub import Stub
from mxward.lookup.wire import CODES, octets_of, query
from mxward.model import Answer, Kind, Known, Question
from tests.lookup.nameserver import SOA, Respond, reply, serving
from tests.lookup.random_messages import Sections, questions, sections

X_EXAMPLE = octets_of("x.example")
MX, _ = query(X_EXAMPLE, 15)
ASKED = dns.message.make_query("x.example", "MX")
POINTER = b"\xc0\x0c"  # to what was asked for


def record(owner: bytes, code: int, rdata: bytes, length: int | None = None) -> bytes:
    size = len(rdata) if length is None else length
    return owner + struct.pack("!HHIH", code, 1, 60, size) + rdata


def answer(*records: bytes, count: int | None = None, question: bytes = MX) -> bytes:
    number = len(records) if count is None else count
    return struct.pack("!HHHHHH", 1, 0x8180, 1, number, 0, 0) + question + b"".join(records)


def both(question: Question, respond: Respond) -> tuple[Answer, Answer]:
    """How the two resolvers read what a server says."""

    async def asking() -> tuple[Answer, Answer]:
        async with serving(respond) as server:
            stub = Stub([server], 2.0)
            ours = await stub.ask(question)
            stub.close()
            theirs = await DnsResolver([server], 2.0).ask(question)
        return Answer(ours.state, ours.values, ours.ttl, ours.canonical), theirs

    return asyncio.run(asking())


@pytest.mark.parametrize("kind", [Kind.CNAME, Kind.SOA])
def test_of_two_where_there_can_be_one_the_last_counts(kind: Kind) -> None:
    texts = {Kind.CNAME: ("a.", "b."), Kind.SOA: ("a. b. 1 2 3 4 5", "c. d. 6 7 8 9 10")}[kind]
    told = [dns.rrset.from_text("x.example.", 60, "IN", kind, text) for text in texts]

    def respond(query: dns.message.Message, _: object) -> bytes:
        said = dns.message.make_response(query)
        said.answer = told
        return bytes(said.to_wire())

    ours, theirs = both(Question(kind, "x.example"), respond)
    assert ours == theirs
    assert len(ours.values) == 1
    assert ours.values[0].startswith(texts[1][0])


@given(questions.flatmap(lambda question: st.tuples(st.just(question), sections(question))))
def test_both_resolvers_read_the_same(case: tuple[Question, Sections]) -> None:
    question, said = case
    ours, theirs = both(question, lambda query, _: said.answer(query))
    assert ours == theirs


@pytest.mark.parametrize("rcode", [dns.rcode.NOERROR, dns.rcode.NXDOMAIN])
def test_whether_the_name_exists_is_told(rcode: dns.rcode.Rcode) -> None:
    said = read(reply(ASKED, (), [SOA], rcode), MX)
    assert said == Said(Known.ABSENT, (), 60, X_EXAMPLE, rcode == dns.rcode.NXDOMAIN)


def test_a_cname_without_its_end_is_for_us_to_follow() -> None:
    said = read(reply(ASKED, ["x.example. 60 IN CNAME Y.example."]), MX)
    assert said == Said(Known.NOT_ASKED, (), 60, octets_of("y.example"))


def test_what_leads_on_holds_as_long_as_its_end_may() -> None:
    said = read(reply(ASKED, ["x.example. 900 IN CNAME y.example."]), MX)
    assert (said or FAILED).ttl == 300  # as dnspython has it where there is no SOA


def test_the_same_text_in_other_strings_is_another_record() -> None:
    txt, _ = query(X_EXAMPLE, 16)
    strings = [b"\2ab\1c", b"\1a\2bc", b"\2ab\1c"]
    found = read(answer(*(record(POINTER, 16, each) for each in strings), question=txt), txt)
    assert (found or FAILED).values == ("abc", "abc")


def test_a_message_made_by_hand_is_read() -> None:
    found = read(answer(record(POINTER, 15, b"\0\x0a" + POINTER)), MX)
    assert found == Said(Known.FOUND, ("10 x.example",), 60, X_EXAMPLE)


def test_records_of_other_classes_count_for_nothing() -> None:
    other = POINTER + struct.pack("!HHIH", 15, 3, 60, 4) + b"\0\x0a" + POINTER
    assert read(answer(other), MX) == Said(Known.ABSENT, (), 0, X_EXAMPLE)
    one = record(POINTER, 15, b"\0\x14" + POINTER)
    assert (read(answer(other, one), MX) or FAILED).values == ("20 x.example",)


FIRST = len(answer())  # where the first record is
HERE = struct.pack("!H", 0xC000 | FIRST)
TARGET = struct.pack("!H", 0xC000 | FIRST + 14)  # the exchange of a first MX whose owner is POINTER
LONG = b"\x3f" + b"a" * 63


@pytest.mark.parametrize(
    "octets",
    [
        answer(record(HERE, 15, b"\0\x0a" + POINTER)),
        answer(record(POINTER, 15, b"\0\x0a" + TARGET)),
        answer(record(POINTER, 15, b"\0\x0a" + b"\1a" + TARGET)),
        answer(record(POINTER, 15, b"\0\x0a\xff\xff")),
        answer(record(POINTER, 15, b"\0\x0a\xc0")),
        answer(record(POINTER, 15, b"\0\x0a" + LONG * 4 + b"\0")),
        answer(record(POINTER, 15, b"\0\x0a" + LONG * 3 + b"\1a" * 32 + b"\0")),
        answer(record(POINTER, 15, b"\0\x0a" + LONG * 4 + POINTER)),
        answer(record(POINTER, 15, b"\0\x0a\x40a\0")),
        answer(record(POINTER, 15, b"\0\x0a\x80a\0")),
        answer(record(POINTER, 15, b"\0\x0a\1a")),
        answer(record(POINTER, 15, b"\0\x0a\1a\0", 4)) + b"\0",
        answer(record(POINTER, 15, b"\0\x0a\1a\0\0")),
        answer(record(POINTER, 15, b"\0")),
        answer(record(POINTER, 15, b"")),
        answer(record(POINTER, 15, b"\0\x0a" + POINTER, 500)),
        answer(record(POINTER, 15, b"\0\x0a" + POINTER), count=2),
        answer(record(POINTER, 15, b"\0\x0a" + POINTER), count=65_535),
        answer(record(POINTER, 15, b"\0\x0a" + POINTER)) + b"\0",
        answer(record(POINTER, 15, b"\0\x0a" + POINTER), count=0),
        answer(record(POINTER, 5, POINTER)),
        answer(record(POINTER, 5, b"\1y" + b"\xc0\x0e"), record(TARGET[:1] + b"\x27", 5, POINTER)),
        answer(record(POINTER, 5, b"\1y" + POINTER + b"\0")),
        answer(record(b"\0", 41, b""), record(POINTER, 15, b"\0\x0a" + POINTER)),
        answer(POINTER),
        answer(b"\xc0"),
    ],
    ids=lambda _: "",
)
def test_what_is_broken_has_failed(octets: bytes) -> None:
    assert read(octets, MX) == FAILED


@pytest.mark.parametrize(
    ("kind", "rdata"),
    [
        (Kind.A, b"\1\2\3"),
        (Kind.A, b"\1\2\3\4\5"),
        (Kind.A, b""),
        (Kind.AAAA, bytes(15)),
        (Kind.AAAA, bytes(4)),
        (Kind.TXT, b""),
        (Kind.TXT, b"\2a"),
        (Kind.TXT, b"\1a\5b"),
        (Kind.TLSA, b"\3\1"),
        (Kind.PTR, b"\1a\0\0"),
    ],
)
def test_a_value_of_another_length_has_failed(kind: Kind, rdata: bytes) -> None:
    question, _ = query(X_EXAMPLE, CODES[kind])
    octets = answer(record(POINTER, CODES[kind], rdata), question=question)
    assert read(octets, question) == FAILED


def test_names_have_up_to_255_octets() -> None:
    longest = LONG * 3 + b"\1a" * 31 + b"\0"
    [value] = (read(answer(record(POINTER, 15, b"\0\x0a" + longest)), MX) or FAILED).values
    assert (len(longest), len(value)) == (255, len("10 ") + 253)


def test_pointers_one_after_the_other_are_followed_so_far_only() -> None:
    """A message of 64 KB whose thousands of names are thousands of pointers each."""
    root = FIRST + 11  # what the first record says: the root, and pointers each to the one before
    hops = [root, *(root + 1 + 2 * n for n in range(6_999))]
    chain = b"\0" + b"".join(struct.pack("!H", 0xC000 | hop) for hop in hops)
    few, many = (struct.pack("!H", 0xC000 | hops[n]) for n in (10, 6_999))
    for owner, state in ((few, Known.ABSENT), (many, Known.FAILED)):
        mx = record(owner, 15, b"\0\x0a" + POINTER)
        octets = answer(record(b"\0", 65_280, chain), *[mx] * 3_000)
        assert len(octets) < 65_536
        said = read(octets, MX)
        assert said is not None
        assert said.state is state


def test_thousands_of_records_and_64_kb_of_text() -> None:
    texts = [bytes([255]) + bytes([65 + n % 26]) * 255 for n in range(250)]
    txt, _ = query(X_EXAMPLE, 16)
    found = read(answer(record(POINTER, 16, b"".join(texts)), question=txt), txt)
    assert found is not None
    assert [len(value) for value in found.values] == [250 * 255]
    many = [record(POINTER, 15, struct.pack("!H", n) + POINTER) for n in range(4_000)]
    found = read(answer(*many), MX)
    assert found is not None
    assert len(found.values) == 4_000


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        answer()[:11],
        struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + MX,  # a query
        struct.pack("!HHHHHH", 1, 0xA180, 1, 0, 0, 0) + MX,  # of another kind: NOTIFY
        answer(question=query(octets_of("y.example"), 15)[0]),
        answer(question=query(X_EXAMPLE, 16)[0]),
        answer(question=MX[:-2] + b"\0\3"),
        struct.pack("!HHHHHH", 1, 0x8180, 2, 0, 0, 0) + MX + MX,
        struct.pack("!HHHHHH", 1, 0x8180, 0, 0, 0, 0),
        struct.pack("!HHHHHH", 1, 0x8183, 0, 0, 0, 0),  # NXDOMAIN of nothing
    ],
    ids=lambda _: "",
)
def test_what_answers_another_question_is_no_answer(octets: bytes) -> None:
    assert read(octets, MX) is None


def test_a_server_that_does_not_understand_need_not_repeat_the_question() -> None:
    assert read(struct.pack("!HHHHHH", 1, 0x8181, 0, 0, 0, 0), MX) == FAILED


def test_the_question_may_come_back_in_another_case() -> None:
    assert read(answer(question=MX.upper()), MX) == Said(Known.ABSENT, (), 0, X_EXAMPLE)


def test_truncated_is_told_from_failed() -> None:
    octets = struct.pack("!HHHHHH", 1, 0x8380, 1, 9, 0, 0) + MX
    assert read(octets, MX) is TRUNCATED


good = st.sampled_from(
    [
        answer(
            record(POINTER, 15, b"\0\x0a" + POINTER), record(POINTER, 15, b"\0\x14\1y" + POINTER)
        ),
        answer(
            record(POINTER, 5, b"\1y" + POINTER), record(b"\1y" + POINTER, 15, b"\0\x0a" + POINTER)
        ),
        reply(ASKED, (), [SOA], dns.rcode.NXDOMAIN),
    ]
)
patches = st.lists(st.tuples(st.integers(0, 120), st.binary(max_size=4)), max_size=4)


@given(good, patches, st.binary(max_size=20), st.integers(0, 200))
def test_no_octets_raise(
    octets: bytes, some: list[tuple[int, bytes]], tail: bytes, end: int
) -> None:
    """A good message with octets overwritten, appended and cut off."""
    wire = bytearray(octets)
    for at, patch in some:
        wire[at : at + len(patch)] = patch
    for octets in (bytes(wire) + tail, bytes(wire[:end])):
        said = read(octets, MX)
        assert said is None or said.state in Known


@given(st.binary(max_size=200))
def test_noise_after_a_good_header_raises_nothing(noise: bytes) -> None:
    for counts in ((1, 0, 0), (0, 1, 0), (3, 3, 3), (65_535,) * 3):
        octets = struct.pack("!HHHHHH", 1, 0x8180, 1, *counts) + MX + noise
        said = read(octets, MX)
        assert said is not None
        assert said.state in Known
