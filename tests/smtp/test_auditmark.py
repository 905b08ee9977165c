"""The keyed mark: what was made is read, and nothing else is. tests/dialogues/95 shows it sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.model import Action, Decision, Door, Evidence, Reason, Stage
from mxward.smtp import auditmark
from mxward.smtp.probed import Guarded
from mxward.smtp.replies import Reply, ReplyReader, reply

SECRET = b"k" * 32
KEY = auditmark.key_from(SECRET)
NONCE = "0123456789abcdef" * 2
HELO = auditmark.name_for(NONCE, "audit.provider.example")
DONE = {
    Action.REROUTE: Guarded.REROUTED,
    Action.DEFER: Guarded.DEFERRED,
    Action.REFUSE: Guarded.REFUSED,
}


def decided(
    action: Action,
    door: Door = Door.BACK,
    reason: Reason = Reason.BACK_DOOR,
    domain: str = "it.test",
) -> Decision:
    return Decision(action, action, Stage.REROUTE, door, reason, Evidence(domain))


@pytest.mark.parametrize("action", DONE)
def test_what_was_made_is_read(action: Action) -> None:
    answer = auditmark.marked(reply(250, "first", "OK"), SECRET, HELO, decided(action))
    assert answer.lines[0] == b"first"
    assert answer.lines[1].startswith(b"OK (mxward ")
    assert auditmark.read(KEY, NONCE, "it.test", answer) is DONE[action]


def test_a_recorded_mark_is_worth_nothing() -> None:
    answer = auditmark.marked(reply(250, "OK"), SECRET, HELO, decided(Action.REROUTE))
    assert auditmark.read(KEY, NONCE, "it.test", answer)
    assert auditmark.read(KEY, "f" * 32, "it.test", answer) is None
    assert auditmark.read(KEY, NONCE, "other.test", answer) is None
    assert auditmark.read(auditmark.key_from(b"x" * 32), NONCE, "it.test", answer) is None
    assert auditmark.read(SECRET, NONCE, "it.test", answer) is None
    swapped = Reply(250, tuple(x.replace(b"rerouted", b"refused") for x in answer.lines))
    assert auditmark.read(KEY, NONCE, "it.test", swapped) is None


@pytest.mark.parametrize(
    "decision",
    [
        decided(Action.PASS),
        decided(Action.DEFER, Door.UNKNOWN, Reason.LOOKUP_FAILED),
        decided(Action.DEFER, Door.UNKNOWN, Reason.HELD),
        decided(Action.REFUSE, domain=""),
    ],
)
def test_a_door_that_may_be_open_tomorrow_has_no_mark(decision: Decision) -> None:
    answer = reply(451, "4.4.3 try again")
    assert auditmark.marked(answer, SECRET, HELO, decision) is answer


def test_mail_that_is_not_relayed_has_one() -> None:
    decision = decided(Action.REFUSE, Door.OUTSIDE, Reason.RELAY)
    answer = auditmark.marked(reply(550, "5.7.1 no"), SECRET, HELO, decision)
    assert auditmark.read(KEY, NONCE, "it.test", answer) is Guarded.REFUSED


@pytest.mark.parametrize(
    "helo",
    ["", "mail.example", "mxward-audit-0123.mail.example", f"x{HELO}", f"mxward-audit-{NONCE}"],
)
def test_nobody_else_is_given_one(helo: str) -> None:
    answer = reply(250, "OK")
    assert auditmark.marked(answer, SECRET, helo, decided(Action.REROUTE)) is answer


@given(st.binary(max_size=2000).map(lambda text: text.translate(None, b"\r\n\x00")))
def test_a_marked_reply_is_a_reply_of_lines_that_fit(text: bytes) -> None:
    answer = auditmark.marked(Reply(250, (text,)), SECRET, HELO, decided(Action.REROUTE))
    assert len(bytes(answer)) <= 512
    assert list(ReplyReader().feed(bytes(answer))) == [answer]
    assert auditmark.read(KEY, NONCE, "it.test", answer) is Guarded.REROUTED


@given(st.binary(max_size=200).map(lambda text: text.translate(None, b"\r\n\x00")))
def test_what_a_stranger_says_is_no_mark(text: bytes) -> None:
    assert auditmark.read(KEY, NONCE, "it.test", Reply(250, (text,))) is None
    forged = Reply(250, (b"(mxward rerouted " + text.hex().encode()[:32].rjust(32, b"0") + b")",))
    assert auditmark.read(KEY, NONCE, "it.test", forged) is None
