"""DNS values are text that anybody may have written."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxward.frontdoor.records import MOST_EXCHANGES, addresses, exchanges, host


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
    assert exchanges(tuple(values)) == tuple(hosts)


def test_the_best_exchanges_are_kept() -> None:
    many = tuple(f"{n} mx{n}.example" for n in range(500))
    best = tuple((n, f"mx{n}.example") for n in range(MOST_EXCHANGES))
    assert exchanges(many[::-1]) == best


@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["192.0.2.1", "2001:db8::1"], ["192.0.2.1", "2001:db8::1"]),
        (["::ffff:192.0.2.1"], ["192.0.2.1"]),
        (["fe80::1%", "fe80::2%eth0"], ["fe80::1", "fe80::2"]),
        (["192.0.2.256", "192.0.2.0/24", "", "CNAME a.example", "%eth0"], []),
    ],
)
def test_addresses(values: list[str], read: list[str]) -> None:
    assert [str(found) for found in addresses(tuple(values))] == read


@given(st.lists(st.text()))
@example(["10 xn--"])
@example(["10 \ud800.example"])
@example(["10 " + "xn--a." * 60])
def test_no_text_raises(values: list[str]) -> None:
    exchanges(tuple(values))
    exchanges(tuple(f"10 {value}" for value in values))
    addresses(tuple(values))
    for value in values:
        host(value)
