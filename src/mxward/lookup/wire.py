"""The DNS on the wire (RFC 1035 4): a question as octets, and names and values out of octets.

Octets come from strangers. Whatever cannot be read raises Broken (or IndexError and struct.error,
where they end early), in time linear in the octets and with nothing that is larger than they are.
A name is kept uncompressed and in lower case, as octets: two that are equal are the same name.
Supported: MX, A, AAAA, TXT, PTR, TLSA, CNAME, NS, SOA, SRV, CAA; compression; EDNS(0) (RFC 6891)
without options.
Not supported: other classes than IN, DNSSEC, names of a 256th octet or with extended labels.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop

from mxward import domains
from mxward.model import Kind

__all__ = ["Broken", "CODES", "IN", "VALUES", "name_at", "octets_of", "past_name", "query", "text"]

IN = 1
CODES: Mapping[Kind, int] = {
    Kind.A: 1,
    Kind.NS: 2,
    Kind.CNAME: 5,
    Kind.SOA: 6,
    Kind.PTR: 12,
    Kind.MX: 15,
    Kind.TXT: 16,
    Kind.AAAA: 28,
    Kind.SRV: 33,
    Kind.TLSA: 52,
    Kind.CAA: 257,
}

_LONGEST_NAME = 255  # octets
_MOST_HOPS = 16  # pointers in one name: who compresses needs a few
_LENGTHS = tuple(bytes((n,)) for n in range(64))
_PAYLOAD = 1232  # octets of a UDP answer that need no fragments on any path
_ONE_QUESTION = struct.pack("!HHHHH", 0x0100, 1, 0, 0, 1)  # recursion desired; and one OPT
_OPT = struct.pack("!BHHIH", 0, 41, _PAYLOAD, 0, 0)
_TYPES = {code: struct.pack("!HH", code, IN) for code in CODES.values()}
_PLAIN = re.compile(rb"[a-z0-9_\-]+")
_SPECIAL = frozenset(b'"().;\\@$')


class Broken(ValueError):
    """These octets are no DNS message."""


def octets_of(name: str) -> bytes:
    """A domain name as octets. Raises ValueError where it is none."""
    plain = name if domains.is_normal(name) else domains.normal(name)
    label, _, parent = plain.partition(".")
    return _LENGTHS[len(label)] + label.encode() + (_of_plain(parent) if parent else b"\0")


@lru_cache(maxsize=4_096)  # what is guessed is dozens of names below each domain
def _of_plain(name: str) -> bytes:
    return b"".join([_LENGTHS[len(label)] + label for label in name.encode().split(b".")]) + b"\0"


def query(name: bytes, code: int) -> tuple[bytes, bytes]:
    """A question, and the message that asks it, which lacks its first two octets: the id."""
    question = name + _TYPES[code]
    return question, _ONE_QUESTION + question + _OPT


def past_name(message: bytes, at: int) -> int:
    """Where a name ends. It is not looked at any closer."""
    length = message[at]
    while length:
        if length >= 192:
            return at + 2
        if length >= 64:
            raise Broken("an unknown kind of label")
        at += length + 1
        length = message[at]
    return at + 1


def name_at(message: bytes, at: int, limit: int) -> tuple[bytes, int]:
    """The name there, which reaches no further than `limit`, and where it ends.

    A pointer leads before all that was read of the name so far, and what it leads to ends there:
    so names in a circle are broken.
    """
    labels: list[bytes] = []
    size, hops, start, end = 1, 0, at, 0
    while at < limit:
        length = message[at]
        if length < 64:
            past = at + 1 + length
            if not length:
                return b"".join(labels).lower() + b"\0", end or past
            size += length + 1
            if size > _LONGEST_NAME:
                raise Broken("a name that is too long")
            labels.append(message[at:past])
            at = past
        elif length >= 192 and at + 1 < limit:
            end = end or at + 2
            at = (length & 63) << 8 | message[at + 1]
            hops += 1
            if hops > _MOST_HOPS:
                raise Broken("a pointer to a pointer to a pointer")
            limit, start = start, at
        else:
            raise Broken("an unknown kind of label")
    raise Broken("a name without an end")


@lru_cache(maxsize=8_192)  # thousands of domains name the same few hosts: one string for all
def text(name: bytes) -> str:
    """A name as a zone file spells it, without the final dot; the root is `.`."""
    labels, at = [], 0
    while length := name[at]:
        labels.append(_spelled(name[at + 1 : at + 1 + length]))
        at += length + 1
    return ".".join(labels) or "."


def _spelled(label: bytes) -> str:
    """RFC 1035 5.1."""
    if _PLAIN.fullmatch(label):
        return label.decode("ascii")
    return "".join(map(_escaped, label))


def _escaped(octet: int) -> str:
    if octet in _SPECIAL:
        return f"\\{chr(octet)}"
    return chr(octet) if 0x20 < octet < 0x7F else f"\\{octet:03d}"


def _a(message: bytes, start: int, end: int) -> str:
    return _ipv4(_exactly(4, message[start:end]))


def _aaaa(message: bytes, start: int, end: int) -> str:
    return _ipv6(_exactly(16, message[start:end]))


def _exactly(length: int, octets: bytes) -> bytes:
    if len(octets) != length:
        raise Broken("numbers of another length")
    return octets


@lru_cache(maxsize=8_192)
def _ipv4(octets: bytes) -> str:
    return inet_ntop(AF_INET, octets)


@lru_cache(maxsize=8_192)
def _ipv6(octets: bytes) -> str:
    return inet_ntop(AF_INET6, octets)


def _mx(message: bytes, start: int, end: int) -> str:
    preference = int.from_bytes(message[start : start + 2])
    return f"{preference} {_ptr(message, start + 2, end)}"


def _ptr(message: bytes, start: int, end: int) -> str:
    name, past = name_at(message, start, end)
    if past != end:
        raise Broken("octets after a name")
    return text(name)


def _txt(message: bytes, start: int, end: int) -> str:
    strings = []
    at = start
    while at < end:
        past = at + 1 + message[at]
        strings.append(message[at + 1 : past])
        at = past
    if at != end or not strings:
        raise Broken("a string of another length")
    return _ascii(b"".join(strings))


def _tlsa(message: bytes, start: int, end: int) -> str:
    if end - start < 3:
        raise Broken("a TLSA record that is too short")
    usage, selector, matching = message[start : start + 3]
    return f"{usage} {selector} {matching} {message[start + 3 : end].hex()}"


def _soa(message: bytes, start: int, end: int) -> str:
    server, at = name_at(message, start, end)
    person, at = name_at(message, at, end)
    numbers = struct.unpack("!5L", _exactly(20, message[at:end]))
    return " ".join((text(server), text(person), *map(str, numbers)))


def _srv(message: bytes, start: int, end: int) -> str:
    numbers = struct.unpack_from("!3H", message, start)
    return f"{' '.join(map(str, numbers))} {_ptr(message, start + 6, end)}"


def _caa(message: bytes, start: int, end: int) -> str:
    past = start + 2 + message[start + 1]
    tag, value = message[start + 2 : past], message[past:end]
    if past > end or not tag.isalnum():
        raise Broken("a CAA record without a tag")
    return f"{message[start]} {_ascii(tag)} {_ascii(value)}"


def _ascii(octets: bytes) -> str:
    return octets.decode("ascii", "backslashreplace")


VALUES: Mapping[int, Callable[[bytes, int, int], str]] = {
    CODES[Kind.A]: _a,
    CODES[Kind.AAAA]: _aaaa,
    CODES[Kind.MX]: _mx,
    CODES[Kind.PTR]: _ptr,
    CODES[Kind.TXT]: _txt,
    CODES[Kind.TLSA]: _tlsa,
    CODES[Kind.CNAME]: _ptr,
    CODES[Kind.NS]: _ptr,
    CODES[Kind.SOA]: _soa,
    CODES[Kind.SRV]: _srv,
    CODES[Kind.CAA]: _caa,
}
"""How the value of a record between two places is spelled, by the code of its type."""
