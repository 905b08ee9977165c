"""What is said: one line for Exim, `action=` for Postfix, and never anything that grants."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward import policy
from mxward.model import Action, Decision, Door, Evidence, Exchange, FrontDoor, Known, Reason, Stage
from mxward.policyd.answers import answer, failed, passed
from mxward.policyd.questions import Asker

DOOR = FrontDoor(Known.FOUND, (Exchange(10, "mx1.clean.example", (), "clean"),))
REFUSED = Decision(
    Action.REFUSE,
    Action.REFUSE,
    Stage.REFUSE,
    Door.BACK,
    Reason.BACK_DOOR,
    Evidence("it.co.za", DOOR),
)
TOLD = (
    "Mail for it.co.za is taken at its MX only, not here; Its MX: mx1.clean.example; "
    "Questions: postmaster@provider.example (id 0123abcd)"
)


def said(asker: Asker, decision: Decision) -> bytes:
    decided = policy.without_rerouting(decision)
    return answer(asker, decided, "postmaster@provider.example", "0123abcd")


def test_a_refusal() -> None:
    assert said(Asker.POSTFIX, REFUSED) == f"action=550 5.7.1 {TOLD}\n\n".encode()
    assert said(Asker.EXIM, REFUSED) == f"deny 5.7.1 {TOLD}\n".encode()


@pytest.mark.parametrize("action", [Action.DEFER, Action.REROUTE])
def test_to_hand_on_is_to_defer(action: Action) -> None:
    decision = replace(REFUSED, action=action, would=action)
    assert said(Asker.POSTFIX, decision) == f"action=451 4.7.1 {TOLD}\n\n".encode()
    assert said(Asker.EXIM, decision) == f"defer 4.7.1 {TOLD}\n".encode()


@pytest.mark.parametrize("would", Action)
def test_a_pass_grants_nothing(would: Action) -> None:
    decision = replace(REFUSED, action=Action.PASS, would=would)
    assert said(Asker.POSTFIX, decision) == passed(Asker.POSTFIX) == b"action=DUNNO\n\n"
    assert said(Asker.EXIM, decision) == passed(Asker.EXIM) == b"pass\n"


def test_what_failed_is_deferred() -> None:
    assert failed(Asker.POSTFIX, "0123abcd").startswith(b"action=451 4.3.0 ")
    assert failed(Asker.EXIM, "0123abcd").startswith(b"defer 4.3.0 ")


WORDS = st.text(max_size=80)


@given(
    decision=st.builds(
        replace,
        st.just(REFUSED),
        action=st.sampled_from(Action),
        reason=st.sampled_from(Reason),
        evidence=st.builds(
            lambda domain, host: Evidence(
                domain, FrontDoor(Known.FOUND, (Exchange(10, host, (), "clean"),))
            ),
            WORDS,
            WORDS,
        ),
    ),
    contact=WORDS,
)
def test_no_name_of_a_stranger_can_say_more(decision: Decision, contact: str) -> None:
    """One answer, of a known form, whatever stands in the DNS."""
    decided = policy.without_rerouting(decision)
    to_postfix = answer(Asker.POSTFIX, decided, contact, "0123abcd").decode("ascii")
    assert re.fullmatch(
        r"action=(DUNNO|451 4\.[0-9]\.[0-9] [ -~]*|550 [45]\.[0-9]\.[0-9] [ -~]*)\n\n", to_postfix
    )
    to_exim = answer(Asker.EXIM, decided, contact, "0123abcd").decode("ascii")
    assert re.fullmatch(
        r"(pass|defer 4\.[0-9]\.[0-9] [ -~]*|deny [45]\.[0-9]\.[0-9] [ -~]*)\n", to_exim
    )
    assert len(to_postfix) < 540
