"""Commands for `ip`, from the rules that there are."""

from __future__ import annotations

import pytest

from mxward.intercept import routes
from mxward.intercept.plan import plan
from tests.intercept.test_plan import settings

PLAN = plan(settings(servers=["192.0.2.25", "2001:db8::25"]))
ONLY_6 = plan(settings(servers=["2001:db8::25"]))
OURS = {"priority": 28024, "src": "all", "fwmark": "0x6d78", "table": "28024"}
OLD = {"priority": 28024, "src": "all", "fwmark": "0x1000", "table": "4096"}
OTHERS = [
    {"priority": 0, "src": "all", "table": "255"},
    {"priority": 28024, "src": "192.0.2.1", "table": "28024"},
    {"priority": 28025, "src": "all", "fwmark": "0x6d78", "table": "28024"},
]
ROUTE = "ip -4 route replace local 0.0.0.0/0 dev lo table 28024"
ADD = "ip -4 rule add pref 28024 fwmark 28024 lookup 28024"
DELETE = "ip -4 rule del pref 28024 fwmark 28024 lookup 28024"
DELETE_OLD = "ip -4 rule del pref 28024 fwmark 4096 lookup 4096"
UNROUTE = "ip -4 route del local 0.0.0.0/0 dev lo table 28024"
UNROUTE_OLD = "ip -4 route del local 0.0.0.0/0 dev lo table 4096"


@pytest.mark.parametrize(
    ("rules", "commands"),
    [
        (OTHERS, [ROUTE, ADD]),
        ([*OTHERS, OURS], [ROUTE]),
        ([OLD], [ROUTE, ADD, DELETE_OLD, UNROUTE_OLD]),
        ([OLD, OURS], [ROUTE, DELETE_OLD, UNROUTE_OLD]),
    ],
)
def test_what_is_missing_is_added_and_what_is_stale_goes(
    rules: routes.Rules, commands: list[str]
) -> None:
    assert PLAN
    assert [" ".join(words) for words in routes.commands(PLAN, 4, rules)] == commands


@pytest.mark.parametrize(
    ("rules", "commands"),
    [(OTHERS, []), ([OLD, *OTHERS, OURS], [DELETE_OLD, UNROUTE_OLD, DELETE, UNROUTE])],
)
def test_all_of_ours_is_removed_and_nothing_else(rules: routes.Rules, commands: list[str]) -> None:
    assert [" ".join(words) for words in routes.removing(4, rules)] == commands


def test_a_family_that_is_not_intercepted() -> None:
    assert ONLY_6
    assert routes.commands(ONLY_6, 4, [OURS]) == routes.removing(4, [OURS])
    assert [words[1] for words in routes.everything(ONLY_6)] == ["-6", "-6"]


def test_ours_are_in_force_as_they_are() -> None:
    assert PLAN
    assert routes.in_force(PLAN, [OURS])
    assert not routes.in_force(PLAN, [OLD, *OTHERS])
    assert not routes.in_force(PLAN, [OURS | {"table": "7"}])
