"""Whether a front door has shrunk or moved."""

from __future__ import annotations

import pytest

from mxward.audit.changes import Before, moved, shrank


def door(hosts: str, addresses: str = "", scanners: str = "scanner") -> Before:
    return Before(*(frozenset(text.split()) for text in (hosts, addresses, scanners)))


@pytest.mark.parametrize(
    ("before", "now", "less", "other"),
    [
        (door("a b"), door("a b"), "", ""),
        (door("a"), door("a b"), "", ""),  # it grew
        (door("a b"), door("a"), "b no longer in the MX, or without an address", ""),
        (door("a b"), door("a c"), "", ""),  # one was replaced: neither less nor elsewhere
        (door("a b"), door("c"), "", "from a, b to c"),
        (door("a", "1 2 3"), door("a", "1"), "1 of 3 addresses are left", ""),
        (door("a", "1 2"), door("a", "1"), "", ""),  # half is not less than half
        (door("a"), door("a", scanners="other"), "", "from scanner to other"),
        (door("a"), door("a", scanners=""), "", "from scanner to no scanner"),
    ],
)
def test_changes(before: Before, now: Before, less: str, other: str) -> None:
    assert (shrank(before, now), moved(before, now)) == (less, other)
