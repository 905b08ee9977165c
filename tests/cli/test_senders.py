"""Who looks honest by what the store keeps: in doubt, everybody who came back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.cli.senders import seen_by_the_proxy
from mxward.store.database import Store
from mxward.store.decided import Seen
from tests.store.contract import seen

DAY = 86_400.0


def mail(days: int, senders: int = 1, domains: int = 1, a_day: int = 1, **more: str) -> list[Seen]:
    """On so many days, from and for so many domains."""
    return [
        seen(
            day * DAY,
            sender_domain=f"s{(day * a_day + n) % senders}.example",
            domain=f"d{(day * a_day + n) % domains}.example",
            **more,
        )
        for day in range(days)
        for n in range(a_day)
    ]


@pytest.mark.parametrize(
    ("came", "honest"),
    [
        (mail(1), False),
        (mail(1, a_day=50), False),
        (mail(2), True),
        (mail(9), True),
        (mail(2, senders=40, a_day=20), False),  # as many senders as messages
        (mail(9, senders=40, a_day=5), True),  # but for so long: a forwarder, perhaps
        (mail(2, domains=30, a_day=20), False),  # to all at once
        ([*mail(1), *mail(1, reason="trusted")], True),
        (mail(9, door="front"), False),
        (mail(9, door="unknown"), False),
    ],
)
def test_who_looks_honest(tmp_path: Path, came: list[Seen], honest: bool) -> None:
    store = Store.open(tmp_path / "store.db")
    store.decided.write(came)
    found = seen_by_the_proxy(store.decided, 0.0)
    assert [each.client for each in found] == ["192.0.2.8"] * honest
    assert all(each.signs for each in found)


def test_what_an_honest_sender_has_brought(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store.db")
    store.decided.write(mail(4, senders=2, domains=2))
    (found,) = seen_by_the_proxy(store.decided, DAY)
    assert found.ways == {("d0.example", "s0.example"): 1, ("d1.example", "s1.example"): 2}
    assert (found.recipients, found.days, found.last_at) == (3, 3, 3 * DAY)
    assert found.by_domain() == {"d1.example": 2, "d0.example": 1}
    assert found.interface == "203.0.113.25"
