"""What a DNS message says of the question it answers (RFC 1034 4.3.1, RFC 2308).

The records that matter are read, and the others skipped, whatever is in them. What a message says
is the same as `resolver.DnsResolver` reads in it; the tests hold the two against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Mapping
from dataclasses import dataclass

from mxward.lookup.wire import CODES, IN, VALUES, Broken, name_at, past_name
from mxward.model import Kind, Known

__all__ = ["FAILED", "Said", "TRUNCATED", "read"]

_CNAME, _NS, _SOA, _OPT = 5, 2, 6, 41
_SINGLE = (_CNAME, _SOA)  # there can be one at a name: of two the last counts
_TXT = CODES[Kind.TXT]
_RESPONSE, _AA, _TC, _RA = 0x8000, 0x0400, 0x0200, 0x0080
_RESPONSE_TO_QUERY = 0xF800  # the bits of QR and opcode
_NOERROR, _NXDOMAIN = 0, 3
_NOT_UNDERSTOOD = (1, 2, 4, 5)  # FORMERR, SERVFAIL, NOTIMP, REFUSED: these need repeat no question
_LONGEST_CHAIN = 16  # CNAMEs in one message
_LONGEST_TTL = 0x7FFFFFFF  # RFC 2181 8: with the highest bit set it is 0
_FOR_EVER = 0xFFFFFFFF
_NO_SOA = 300  # seconds
_SOA_NUMBERS = 20  # octets
_POINTER = 0xC0
_ROOT = b"\0"

_HEADER = struct.Struct("!HHHHHH")
_FIXED = struct.Struct("!HHIH")


@dataclass(slots=True)
class Said:
    """What one message says. `ttl` is in seconds, `name` what its CNAMEs led to.

    NOT_ASKED: it leaves the rest of the CNAME chain to us.
    """

    state: Known
    values: tuple[str, ...] = ()
    ttl: int = 0
    name: bytes = b""
    no_such_name: bool = False  # NXDOMAIN: it has no record of any type


FAILED = Said(Known.FAILED)
TRUNCATED = Said(Known.FAILED)
"""It must be asked again over TCP."""


_Record = tuple[int, int, int, int, int]
"""Where its owner's name is, type, TTL, and where that what it says starts and ends.

A plain tuple: a record that had names for these would double the cost of a look-up.
"""


def read(message: bytes, question: bytes) -> Said | None:
    """What a message says; None where it is no answer to this question (name, type and class).

    Never raises. Whoever sent it is not looked at here, nor is the id.
    """
    if len(message) < _HEADER.size:
        return None
    _, flags, questions, answers, authorities, others = _HEADER.unpack_from(message)
    if flags & _RESPONSE_TO_QUERY != _RESPONSE:
        return None
    rcode = flags & 15
    at = _HEADER.size + len(question)
    asked = message[_HEADER.size : at]
    if questions != 1 or (asked != question and asked.lower() != question):
        return FAILED if not questions and rcode in _NOT_UNDERSTOOD else None
    if flags & _TC:
        return TRUNCATED
    if rcode not in (_NOERROR, _NXDOMAIN):
        return FAILED
    try:
        records, extended = _records(message, at, answers + authorities, others)
        if extended:
            return FAILED
        authority = records[answers : answers + authorities]
        return _say(message, question, flags, records[:answers], authority)
    except (Broken, IndexError, struct.error):
        return FAILED


def _records(message: bytes, at: int, first: int, others: int) -> tuple[list[_Record], int]:
    """The records of all sections, the first two of which have so many together.

    Those of other classes have the type 0. Comes with the part of the response code that is in the
    OPT record, one of the `others` (RFC 6891 6.1.3).
    """
    found: list[_Record] = []
    opt = None
    for number in range(first + others):
        owner = at
        at = at + 2 if message[at] >= _POINTER else past_name(message, at)
        code, in_class, ttl, length = _FIXED.unpack_from(message, at)
        start = at + _FIXED.size
        at = start + length
        if code == _OPT:  # where others have a class and a TTL, it has something else
            if opt is not None or number < first or message[owner]:
                raise Broken("an OPT record that has no place there")
            opt = ttl >> 24
            continue
        if in_class != IN:
            code = 0
        if ttl > _LONGEST_TTL:
            ttl = 0
        found.append((owner, code, ttl, start, at))
    if at != len(message):
        raise Broken("a record that ends early, or octets after the last")
    return found, opt or 0


def _say(
    message: bytes, question: bytes, flags: int, answer: list[_Record], authority: list[_Record]
) -> Said:
    code = int.from_bytes(question[-4:-2])
    name = asked = question[:-4]
    ttl = _FOR_EVER
    if answer:
        answered = _by_owner(message, code, answer, asked)
        if asked not in answered:
            name, ttl = _follow(asked, answered, _cnames(message, answer, asked))
        if records := answered.get(name):
            if flags & 15 == _NXDOMAIN:
                raise Broken("an answer for a name that does not exist")
            ttl = min(ttl, _least_ttl(records))
            if code in _SINGLE:
                records = records[-1:]
            return Said(Known.FOUND, _values(message, code, records), ttl, name)
    no_such_name = flags & 15 == _NXDOMAIN
    if soa := _by_owner(message, _SOA, authority, asked):
        ttl = min(ttl, _negative_ttl(message, soa, name))
        return Said(Known.ABSENT, (), ttl, name, no_such_name)
    led_on = name != asked
    if no_such_name or (_denies(flags, authority) and not led_on):
        return Said(Known.ABSENT, (), 0, name, no_such_name)  # RFC 2308 5: not to be kept
    return Said(Known.NOT_ASKED, (), min(ttl, _NO_SOA), name) if led_on else FAILED


def _denies(flags: int, authority: list[_Record]) -> bool:
    """Whether a message with neither the record nor an SOA says that there is none.

    It may also be a referral (RFC 2308 2.2), come from a server that knows nothing of the zone, or
    leave the rest of a CNAME chain to us.
    """
    refers = any(code == _NS for _, code, _, _, _ in authority)
    return bool(flags & _AA or (flags & _RA and not refers))


def _by_owner(
    message: bytes, wanted: int, section: list[_Record], asked: bytes
) -> dict[bytes, list[_Record]]:
    """The records of a type by the names that have them."""
    found: dict[bytes, list[_Record]] = {}
    for record in section:
        if record[1] == wanted:
            found.setdefault(_name_at(message, record[0], asked), []).append(record)
    return found


def _name_at(message: bytes, at: int, asked: bytes) -> bytes:
    """The name of a record: most often a pointer to what was asked for, or to the end of that."""
    if message[at] == _POINTER:
        end, there = message[at + 1] - _HEADER.size, 0
        while there < end and asked[there]:
            there += asked[there] + 1
        if there == end:
            return asked[there:]
    return name_at(message, at, len(message))[0]


def _cnames(message: bytes, section: list[_Record], asked: bytes) -> dict[bytes, tuple[bytes, int]]:
    """Where each CNAME leads, and its TTL."""
    found: dict[bytes, tuple[bytes, int]] = {}
    for owner, records in _by_owner(message, _CNAME, section, asked).items():
        for _, _, _, start, end in records:
            target, past = name_at(message, start, end)
            if past != end:
                raise Broken("octets after a name")
        found[owner] = target, _least_ttl(records)
    return found


def _follow(
    asked: bytes, ends: Container[bytes], cnames: Mapping[bytes, tuple[bytes, int]]
) -> tuple[bytes, int]:
    """Where the CNAMEs lead, which is one of `ends` or the last, and the least of their TTLs."""
    name, ttl = asked, _FOR_EVER
    for _ in range(_LONGEST_CHAIN):
        if name in ends or name not in cnames:
            return name, ttl
        name, its_ttl = cnames[name]
        ttl = min(ttl, its_ttl)
    raise Broken("CNAMEs that lead too far, or in a circle")


def _values(message: bytes, code: int, records: list[_Record]) -> tuple[str, ...]:
    """The values, each once: TXT records of the same text in other strings are not the same."""
    spelled = VALUES[code]
    places = ((start, end) for _, _, _, start, end in records)
    if code == _TXT:
        once = {message[start:end]: spelled(message, start, end) for start, end in places}
        return tuple(once.values())
    return tuple(dict.fromkeys(spelled(message, start, end) for start, end in places))


def _negative_ttl(message: bytes, soa: dict[bytes, list[_Record]], name: bytes) -> int:
    """RFC 2308 5, of the SOA that is the nearest above a name."""
    above = name
    while above not in soa:
        if above == _ROOT:
            return _NO_SOA
        above = above[1 + above[0] :]
    minimum = 0
    for _, _, _, start, end in soa[above]:
        numbers = past_name(message, past_name(message, start))
        if end - numbers != _SOA_NUMBERS:
            raise Broken("an SOA record of another length")
        minimum = int.from_bytes(message[end - 4 : end])
    return min(minimum, _least_ttl(soa[above]))


def _least_ttl(records: list[_Record]) -> int:
    return min([ttl for _, _, ttl, _, _ in records])
