"""DNS values are text that anybody may have written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxward.networks import address
from mxward.records import MOST_ADDRESSES, MOST_EXCHANGES, addresses, exchanges, host


@pytest.mark.parametrize(
    ("values", "hosts"),
    [
        (["10 mx.example.net"], [(10, "mx.example.net")]),
        (["20 b.example", "5 a.example"], [(5, "a.example"), (20, "b.example")]),
        (["10 MX.Example.NET."], [(10, "mx.example.net")]),
        (["10 bücher.example"], [(10, "xn--bcher-kva.example")]),
        (["20 a.example", "10 A.example."], [(10, "a.example")]),
        (["0 ."], []),
        (["10 192.0.2.1"], []),
        (["10 [192.0.2.1]"], []),
        (["10 2001:db8::1"], []),
        (["10 mx.example.1"], []),
        (["70000 mx.example"], [(65535, "mx.example")]),
        (["-1 mx.example", "ten mx.example", "mx.example", "10", "", "10  mx.example"], []),
        (["٣ mx.example"], []),
        (["10 mx\\.evil.example", "10 a b.example", "10 " + "a" * 300], []),
        (["10 -mx.example", "10 mx..example"], []),
    ],
)
def test_exchanges(values: list[str], hosts: list[tuple[int, str]]) -> None:
    assert exchanges(values) == hosts


def test_the_best_exchanges_are_kept() -> None:
    many = [f"{n} mx{n}.example" for n in range(500)]
    assert exchanges(reversed(many)) == [(n, f"mx{n}.example") for n in range(MOST_EXCHANGES)]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["192.0.2.1", "2001:db8::1"], ["192.0.2.1", "2001:db8::1"]),
        (["::ffff:192.0.2.1"], ["192.0.2.1"]),
        (["192.0.2.256", "192.0.2.0/24", "", "CNAME a.example", "fe80::1%"], []),
    ],
)
def test_addresses(values: list[str], read: list[str]) -> None:
    assert addresses(values) == tuple(address(text) for text in read)


def test_addresses_are_bounded() -> None:
    assert len(addresses(f"192.0.2.{n % 256}" for n in range(1000))) == MOST_ADDRESSES


@given(st.lists(st.text()))
@example(["10 xn--"])
@example(["10 \ud800.example"])
@example(["10 " + "xn--a." * 60])
def test_no_text_raises(values: list[str]) -> None:
    exchanges(values)
    exchanges(f"10 {value}" for value in values)
    addresses(values)
    for value in values:
        host(value)
