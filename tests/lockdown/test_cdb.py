"""CDB, read back by the words of its format; Exim and Postfix read it in the integration tests."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.cdb import cdb


def look_up(file: bytes, key: bytes) -> bytes | None:
    """As the format's author describes a reader."""
    number = 5381
    for octet in key:
        number = ((number << 5) + number) % 2**32 ^ octet
    table, length = struct.unpack_from("<II", file, 8 * (number % 256))
    for step in range(length):
        slot = (number // 256 + step) % length
        found, position = struct.unpack_from("<II", file, table + 8 * slot)
        if not position:
            return None
        size, rest = struct.unpack_from("<II", file, position)
        begin = position + 8
        if found == number and file[begin : begin + size] == key:
            return file[begin + size : begin + size + rest]
    return None


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12))), st.binary(max_size=12))
def test_each_key_is_found_and_no_other(pairs: list[tuple[bytes, bytes]], other: bytes) -> None:
    file, first = cdb(pairs), dict(reversed(pairs))
    for key in (*first, other):
        assert look_up(file, key) == first.get(key)


def test_its_size_is_that_of_the_format() -> None:
    assert cdb([]) == struct.pack("<II", 2048, 0) * 256
    assert len(cdb([(b"it.co.za", b"deny:via")])) == 2048 + (8 + 16) + 2 * 8


def test_many_keys_are_found() -> None:
    names = [f"d{number}.example".encode() for number in range(20_000)]
    file = cdb((name, name[::-1]) for name in names)
    assert all(look_up(file, name) == name[::-1] for name in names)
    assert look_up(file, b"d20000.example") is None
