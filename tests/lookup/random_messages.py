"""Random DNS answers, built by dnspython: of all types, chained, compressed, odd, contradictory.

The names of one answer are few, so that its records have to do with each other.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rrset
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from hypothesis import strategies as st

from mxward.model import Kind, Question

__all__ = ["Sections", "questions", "sections"]

IN, CH = 1, 3
NS, CNAME, SOA, OPT, UNKNOWN = 2, 5, 6, 41, 65_280
CODES = {Kind.A: 1, Kind.PTR: 12, Kind.MX: 15, Kind.TXT: 16, Kind.AAAA: 28, Kind.TLSA: 52}
CODES |= {Kind.NS: NS, Kind.CNAME: CNAME, Kind.SOA: SOA, Kind.SRV: 33, Kind.CAA: 257}
FLAGS = [0, dns.flags.AA, dns.flags.RA, dns.flags.RA, dns.flags.AA | dns.flags.RA]
NOERROR, SERVFAIL, NXDOMAIN, REFUSED, NOTAUTH = 0, 2, 3, 5, 9
RCODES = [*[NOERROR] * 20, *[NXDOMAIN] * 5, SERVFAIL, REFUSED, NOTAUTH]


@dataclass(frozen=True)
class Sections:
    """All of an answer but its id and its question."""

    flags: int
    counts: tuple[int, int, int]
    records: tuple[dns.rrset.RRset, ...]
    compressed: bool

    def answer(self, query: dns.message.Message) -> bytes:
        """The octets that answer a query."""
        out = io.BytesIO()
        compress: dict[dns.name.Name, int] | None = {} if self.compressed else None
        asked = query.question[0]
        flags = dns.flags.QR | dns.flags.RD | self.flags
        out.write(struct.pack("!HHHHHH", query.id, flags, 1, *self.counts))
        asked.name.to_wire(out, compress)
        out.write(struct.pack("!HH", asked.rdtype, asked.rdclass))
        for record in self.records:
            record.to_wire(out, compress)
        return out.getvalue()


Names = st.SearchStrategy[dns.name.Name]
Records = st.SearchStrategy[dns.rrset.RRset]

plain = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
questions = st.builds(
    lambda kind, labels: Question(kind, ".".join(labels)),
    st.sampled_from(Kind),
    st.lists(plain, min_size=1, max_size=3),
)
labels = st.one_of(
    st.sampled_from(
        [b"mail", b"Example", b"MX1", b"xn--bcher-kva", b"_25", b"a b", b'."\\', b"\0"]
    ),
    st.binary(min_size=1, max_size=6),
    st.binary(min_size=60, max_size=63),
)
ttls = st.integers(0, 900) | st.sampled_from([0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])


@st.composite
def sections(draw: st.DrawFn, question: Question) -> Sections:
    """An answer to this question, or to something like it."""
    names = draw(pool(question))
    name = st.sampled_from(names)
    wanted = CODES[question.kind]
    answer = draw(chain(names, wanted))
    answer += draw(several(name, [wanted, CNAME, *CODES.values(), UNKNOWN, CH], 3))
    authority = draw(several(name, [SOA, SOA, NS, CODES[Kind.A]], 2))
    additional = draw(several(name, [*CODES.values(), CNAME, SOA, NS], 2))
    additional += draw(st.lists(opt(), max_size=1))
    return Sections(
        draw(st.sampled_from(FLAGS)) | draw(st.sampled_from(RCODES)),
        (len(answer), len(authority), len(additional)),
        (*draw(st.permutations(answer)), *authority, *additional),
        draw(st.booleans()),
    )


def chain(names: list[dns.name.Name], wanted: int) -> st.SearchStrategy[list[dns.rrset.RRset]]:
    """CNAMEs from the first of these names on, and now and then what is at their end."""

    def linked(ways: list[dns.name.Name]) -> st.SearchStrategy[list[dns.rrset.RRset]]:
        pairs = zip([names[0], *ways], ways, strict=False)
        links = [record(st.just(at), CNAME, st.just(to)) for at, to in pairs]
        end = record(st.just(ways[-1] if ways else names[0]), wanted)
        return st.tuples(st.tuples(*links), st.lists(end, max_size=3)).map(lambda x: [*x[0], *x[1]])

    return st.lists(st.sampled_from(names[1:]), max_size=3, unique=True).flatmap(linked)


def pool(question: Question) -> st.SearchStrategy[list[dns.name.Name]]:
    """The question's name, in capitals too, those above it, and a few others."""
    asked = dns.name.from_text(question.name)
    above = [asked.split(depth)[1] for depth in range(1, len(asked) + 1)]
    other = st.lists(labels, max_size=3).map(lambda some: dns.name.Name([*some, *above[1].labels]))
    shouted = dns.name.from_text(question.name.upper())
    return st.lists(other, max_size=2).map(lambda few: [asked, *few, *above, shouted])


def several(name: Names, codes: list[int], most: int) -> st.SearchStrategy[list[dns.rrset.RRset]]:
    return st.lists(st.sampled_from(codes).flatmap(lambda code: record(name, code)), max_size=most)


def record(name: Names, code: int, target: Names | None = None) -> Records:
    return st.builds(
        dns.rrset.from_rdata, name, ttls, rdata(name if target is None else target, code)
    )


def rdata(name: Names, code: int) -> st.SearchStrategy[dns.rdata.Rdata]:
    """What a record of a type may say. CH is text, in a class that nobody asked for."""
    octets = SAYING[code] if code in SAYING else NAMING[code](name.map(_wire))
    rdclass, rdtype = (CH, CODES[Kind.TXT]) if code == CH else (IN, code)
    return octets.map(lambda wire: _read(rdclass, rdtype, wire))


def opt() -> Records:
    """EDNS, now and then with more of a response code."""
    flags = st.sampled_from([0, 0, 0, 0x8000, 0x01000000, 0xFF000000])
    empty = _read(1_232, OPT, b"")
    return flags.map(lambda its: dns.rrset.from_rdata(dns.name.root, its, empty))


def _read(rdclass: int, rdtype: int, wire: bytes) -> dns.rdata.Rdata:
    of_class, of_type = RdataClass.make(rdclass), RdataType.make(rdtype)
    return dns.rdata.from_wire(of_class, of_type, wire, 0, len(wire))


def _wire(name: dns.name.Name) -> bytes:
    octets = name.to_wire()
    assert octets is not None
    return octets


def _strings(some: list[bytes]) -> bytes:
    return b"".join(bytes([len(each)]) + each for each in some)


_byte = st.integers(0, 255)
_six = st.binary(min_size=6, max_size=6)
_text = st.lists(
    st.binary(max_size=20) | st.binary(min_size=255, max_size=255), min_size=1, max_size=5
).map(_strings)
_zeros = st.builds(  # what is shortest is told by where the zeros are
    lambda some: b"".join(some),
    st.lists(st.sampled_from([b"\0\0", b"\xff\xff", b"\0\1", b"\x20\1"]), min_size=8, max_size=8),
)
_digest = st.one_of(
    st.binary(max_size=300).map(lambda data: b"\0" + data),
    st.binary(min_size=32, max_size=32).map(lambda data: b"\1" + data),
    st.binary(min_size=64, max_size=64).map(lambda data: b"\2" + data),
)
_numbers = st.binary(min_size=20, max_size=20) | st.integers(0, 900).map(
    lambda minimum: struct.pack("!5I", 1, 2, 3, 4, minimum)
)
Octets = st.SearchStrategy[bytes]

SAYING: dict[int, Octets] = {
    CODES[Kind.A]: st.binary(min_size=4, max_size=4),
    CODES[Kind.AAAA]: _zeros | st.binary(min_size=16, max_size=16),
    CODES[Kind.TXT]: _text,
    CODES[Kind.TLSA]: st.builds(lambda u, s, data: bytes([u, s]) + data, _byte, _byte, _digest),
    CODES[Kind.CAA]: st.builds(
        lambda tag, value: b"\0" + _strings([tag]) + value,
        st.sampled_from([b"issue", b"IODEF", b"tag9"]),
        st.binary(max_size=20),
    ),
    UNKNOWN: st.binary(max_size=40),
    CH: _text,
}
NAMING: dict[int, Callable[[Octets], Octets]] = {
    NS: lambda name: name,
    CNAME: lambda name: name,
    CODES[Kind.PTR]: lambda name: name,
    CODES[Kind.MX]: lambda name: st.tuples(st.binary(min_size=2, max_size=2), name).map(b"".join),
    CODES[Kind.SRV]: lambda name: st.tuples(_six, name).map(b"".join),
    SOA: lambda name: st.tuples(name, name, _numbers).map(b"".join),
}
