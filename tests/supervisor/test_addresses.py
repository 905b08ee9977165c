"""Which listening sockets stay, come and go."""

from __future__ import annotations

import pytest

from mxward.supervisor.addresses import Address, change, mismatch, spelled

CHOSEN = ("127.0.0.1", 40_001)
A, B, C = ("192.0.2.25", 25), ("2001:db8::25", 25), ("127.0.0.1", 2525)


@pytest.mark.parametrize(
    ("held", "wanted", "come", "go"),
    [
        ([], [A, B], (A, B), ()),
        ([A, B], [A, B], (), ()),
        ([A, B], [B, C], (C,), (A,)),
        # port 0 is the system's choice, and stays what it became
        ([CHOSEN], [("127.0.0.1", 0)], (), ()),
        (
            [CHOSEN],
            [("127.0.0.2", 0)],
            (("127.0.0.2", 0),),
            (CHOSEN,),
        ),
    ],
)
def test_from_what_is_held_to_what_is_wanted(
    held: list[Address], wanted: list[Address], come: tuple[Address, ...], go: tuple[Address, ...]
) -> None:
    found = change(held, wanted)
    assert (found.come, found.go) == (come, go)
    assert bool(found) == bool(come or go)


def test_sockets_that_somebody_else_has_made() -> None:
    assert mismatch([A, B], [B, A]) == ""
    assert mismatch([A], [A, B]) == "[2001:db8::25]:25 is in server.listen, and not given"
    assert mismatch([A, C], [A]) == "127.0.0.1:2525 is given, and not in server.listen"
    assert spelled(A) == "192.0.2.25:25"
