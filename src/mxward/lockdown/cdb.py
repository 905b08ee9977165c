"""A constant database (CDB) as Exim and Postfix read it, made from keys and values.

The format is D. J. Bernstein's: 256 pointers, the records, then 256 hash tables, half empty. A
look-up takes two reads, however many keys there are. Not supported: more than 4 GiB, and reading.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

__all__ = ["cdb"]

_PAIR = struct.Struct("<II")
_POINTERS = 256
_LARGEST = 0xFFFF_FFFF


def cdb(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The octets of the file. Of a key that comes again, readers see the first value."""
    records = bytearray(_POINTERS * _PAIR.size)
    hashed: list[list[tuple[int, int]]] = [[] for _ in range(_POINTERS)]
    for key, value in pairs:
        number = _hash(key)
        hashed[number % _POINTERS].append((number, len(records)))
        records += _PAIR.pack(len(key), len(value)) + key + value
    pointers = bytearray()
    for entries in hashed:
        pointers += _PAIR.pack(len(records), 2 * len(entries))
        records += _table(entries)
        if len(records) > _LARGEST:
            raise ValueError("too much for a CDB")
    records[: len(pointers)] = pointers
    return bytes(records)


def _hash(key: bytes) -> int:
    number = 5381
    for octet in key:
        number = (number * 33 & _LARGEST) ^ octet
    return number


def _table(entries: list[tuple[int, int]]) -> bytes:
    """Twice as many slots as entries, each entry in the first free one from where it belongs."""
    slots: list[tuple[int, int]] = [(0, 0)] * (2 * len(entries))
    for number, position in entries:
        at = (number // _POINTERS) % len(slots)
        while slots[at][1]:
            at = (at + 1) % len(slots)
        slots[at] = (number, position)
    return b"".join(_PAIR.pack(*slot) for slot in slots)
