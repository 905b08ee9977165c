"""Whether all may be shut out: what is in the way of it, and for which servers."""

from __future__ import annotations

from mxward.lockdown.all_or_nothing import in_the_way, let_in
from mxward.lockdown.plan import Kept
from mxward.lockdown.sealing import LeftOut, Verdict
from mxward.networks import Networks, address
from tests.lockdown.plans import group, planned

OWN = LeftOut("own.example", "own", own=frozenset([address("192.0.2.25")]))


def test_an_own_domain_is_in_the_way_of_its_own_server_and_of_all() -> None:
    plan = planned(group(), left_out=(OWN,))
    assert in_the_way(plan, Networks.of("192.0.2.25")) == ["own: own.example"]
    assert in_the_way(plan, Networks.of("192.0.2.26")) == []
    assert in_the_way(plan) == ["own: own.example"]


def test_what_is_not_known_and_what_is_only_observed() -> None:
    kept = (Kept("a.example", "unknown", False), Kept("b.example", "unknown", True))
    plan = planned(group(*(f"d{n}.example" for n in range(12)), verdict=Verdict.WARN), kept=kept)
    unknown, observed = in_the_way(plan)
    assert unknown == "unknown: a.example"
    assert observed.startswith("its stage is observe: d0.example, ")
    assert observed.endswith(" and 2 more")


def test_who_is_let_in_by_one_is_let_in_by_all() -> None:
    one = group("a.example", welcome=("198.51.100.0/25",), trusted=("192.0.2.7",))
    two = group("b.example", welcome=("198.51.100.128/25",))
    assert [str(net) for net in let_in(planned(one, two))] == ["192.0.2.7/32", "198.51.100.0/24"]
