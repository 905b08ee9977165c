"""Signs of honest mail, each by itself, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mxward.domains import Domains
from mxward.reports.honesty import Client, Helo, judged_honest, lies, signs
from tests.reports.arrivals import WHEN

PLAIN = Client("203.0.113.9", None, 4, 4, 2, WHEN, WHEN, 1, 1, 1_000, 2_000, 0, 0, 0, 0, 0)
"""Of whom the log tells nothing either way."""
INVENTORY = Domains(["it.co.za", "*.it.co.za"])


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, []),
        ({"authenticated": 1}, [(4, "authenticates at other times")]),
        ({"trusted": 2}, [(4, "trusted already")]),
        ({"name": "gw.example"}, [(2, "its name leads back to it (gw.example)")]),
        (
            {"name": "gw.example", "helos": (Helo("GW.example.", 4),)},
            [(2, "its name leads back to it (gw.example)"), (1, "calls itself by that name")],
        ),
        ({"name": ""}, [(-1, "no name leads back to it")]),
        ({"with_tls": 3, "without_tls": 1}, [(1, "uses TLS")]),
        ({"with_tls": 2, "without_tls": 2}, []),
        ({"days": 1}, [(-1, "seen on one day")]),
        ({"days": 3}, [(2, "seen on 3 days")]),
        ({"days": 7}, [(3, "seen on 7 days")]),
        ({"lying": ("it.co.za",)}, [(-4, "its HELO lies (it.co.za)")]),
        ({"rejected": 4}, []),
        ({"rejected": 5}, [(-2, "was rejected 5 times")]),
        ({"sender_domains": 4}, []),  # four messages say little
        ({"messages": 5, "sender_domains": 2}, []),
        ({"messages": 5, "sender_domains": 3}, [(-2, "3 sender domains in 5 messages")]),
        (
            {"messages": 5, "smallest": 686_941, "largest": 686_941},
            [(-2, "all messages of the same size (686941 octets)")],
        ),
        ({"messages": 5, "smallest": None, "largest": None}, []),
        ({"domains": 10}, [(-1, "writes to 10 domains at once")]),
        ({"domains": 10, "days": 3}, [(2, "seen on 3 days")]),
    ],
)
def test_each_sign(told: dict[str, Any], found: list[tuple[int, str]]) -> None:
    assert list(signs(replace(PLAIN, **told))) == found


def test_the_worm_of_2010_is_not_honest_and_a_branch_office_is() -> None:
    worm = replace(PLAIN, messages=1, recipients=1, days=1, helos=(Helo("hallmark.com", 1),))
    assert not judged_honest(signs(worm))
    branch = replace(PLAIN, name="gw.branch.example", days=20, with_tls=4)
    assert judged_honest(signs(branch))


def test_in_doubt_it_is_honest() -> None:
    assert judged_honest(signs(PLAIN))


@pytest.mark.parametrize(
    ("helo", "name", "lie"),
    [
        ("it.co.za", None, True),
        ("mail.it.co.za", None, True),
        ("IT.CO.ZA.", None, True),
        ("mail.it.co.za", "mail.it.co.za", False),  # it is one of ours
        ("hallmark.com", None, False),
        ("[203.0.113.9]", None, False),
        ("203.0.113.9", None, False),
        ("[203.0.113.10]", None, True),
        ("203.0.113.10", None, True),
        ("[IPv6:2001:db8::1]", None, True),
        ("localhost", None, False),
        ("", None, False),
        ("x) [198.51.100.7]:25 (y", None, False),
        ("xit.co.za", None, False),
    ],
)
def test_a_helo_that_lies(helo: str, name: str | None, lie: bool) -> None:
    assert lies(helo, "203.0.113.9", name, INVENTORY) is lie
