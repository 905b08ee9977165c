"""The steps for Google Workspace, as text: none of it can be tried here."""

from __future__ import annotations

import pytest
from hypothesis import given

from mxward.lockdown.google import FILE, write
from mxward.lockdown.plan import Plan
from mxward.lockdown.sealing import LeftOut, Verdict
from tests.lockdown.golden import agrees
from tests.lockdown.plans import group, planned, plans
from tests.lockdown.test_nftables import HELD, NETWORKS

REJECT = "and tick: Reject all mail not from gateway IPs."


def steps(plan: Plan) -> str:
    return str(write(plan).files[FILE])


def test_the_steps() -> None:
    agrees("google", write(planned(group(trusted=("10.1.0.0/16", "192.0.2.7")))))


def test_the_steps_where_something_is_in_the_way() -> None:
    own = LeftOut("own.example", "nothing stands in front (own)")
    agrees("google-not-yet", write(planned(group(verdict=Verdict.DEFER), left_out=(own,))))


@pytest.mark.parametrize(("plan", "said"), HELD.values(), ids=list(HELD))
def test_everybody_else_is_not_rejected(plan: Plan, said: str) -> None:
    text = steps(plan)
    assert said in text
    assert "9. Reject: NOT YET." in text
    assert REJECT not in text


def test_there_is_a_gateway_to_name() -> None:
    for plan in (planned(), planned(group(welcome=("10.0.0.0/8",)))):
        with pytest.raises(ValueError, match="no gateway to name"):
            write(plan)


@given(plans(NETWORKS))
def test_no_input_can_add_a_step(plan: Plan) -> None:
    try:
        lines = steps(plan).splitlines()
    except ValueError:
        return
    numbered = [line.split(".")[0] for line in lines if line[:1].isdigit()]
    assert numbered == [str(n) for n in range(1, 10)]
    unnumbered = [line for line in lines if line and not line[0].isdigit() and line[0] != " "]
    assert [line.split()[0] for line in unnumbered] == ["GOOGLE", "Not", "To"]
