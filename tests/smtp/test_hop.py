"""One upstream connection: what counts when several replies come at once."""

from __future__ import annotations

import pytest

from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.hello import Introduction
from mxward.smtp.hop import Hop
from mxward.smtp.replies import Reply, reply
from mxward.smtp.secrecy import Tls
from mxward.smtp.steps import Answer, Broken, Greeted, Step

OK = b"250 ok\r\n"


def hop(*before: bytes) -> Hop:
    """An upstream that has said this, one after the other, after it was offered a recipient."""
    made = Hop(Introduction("mx.test"))
    for said in before:
        made.receive(said)
        made.take_outgoing()
        if made.ready and not made.mail_open:
            made.rcpt(Mail("a@client.test"), Rcpt("b@it.test"))
            made.take_outgoing()
    return made


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), "greeting"),
        ((OK,), "EHLO"),
        ((OK, OK), "MAIL"),
        ((OK, b"500 what?\r\n", OK), "MAIL"),
    ],
)
def test_a_reply_cannot_come_before_its_question(before: tuple[bytes, ...], step: str) -> None:
    """The second `250` is no answer to a command that has not gone out yet."""
    upstream = hop(*before)
    *earlier, last = upstream.receive(OK + OK)
    assert isinstance(last, Broken), step
    assert not [outcome for outcome in earlier if isinstance(outcome, Answer | Greeted)]
    assert upstream.take_outgoing() == b""


def test_what_was_said_properly_before_nonsense_counts() -> None:
    upstream = hop(OK, OK, OK)
    assert upstream.receive(b"250 recipient ok\r\n" + OK) == [
        Answer(Step.RCPT, reply(250, "recipient ok")),
        Broken("a reply that nobody asked for: 250 ok"),
    ]


@pytest.mark.parametrize("code", [220, 250, 251, 299])
def test_any_success_is_one(code: int) -> None:
    upstream = hop(OK, OK, OK)
    assert upstream.receive(b"%d x\r\n" % code) == [Answer(Step.RCPT, Reply(code, (b"x",)))]


@pytest.mark.parametrize("code", [300, 334, 354, 399])
def test_go_on_is_no_answer_but_to_data(code: int) -> None:
    (outcome,) = hop(OK, OK, OK).receive(b"%d x\r\n" % code)
    assert isinstance(outcome, Broken)


@pytest.mark.parametrize("code", [220, 250, 300, 355])
def test_only_354_is_the_answer_to_data(code: int) -> None:
    upstream = hop(OK, OK, OK, OK)
    upstream.data()
    upstream.take_outgoing()
    (outcome,) = upstream.receive(b"%d x\r\n" % code)
    assert isinstance(outcome, Broken)


def test_nobody_else_may_have_a_connection_that_heard_of_a_password() -> None:
    upstream = hop(OK, b"250-x\r\n250 AUTH LOGIN\r\n", OK, OK)
    assert upstream.idle and upstream.spotless
    upstream.auth("AUTH LOGIN")
    upstream.take_outgoing()
    assert not upstream.idle
    assert upstream.receive(b"334 x\r\n") == [Answer(Step.AUTH, reply(334, "x"))]
    assert not upstream.spotless


def test_half_a_reply_is_something_owed() -> None:
    upstream = hop(OK, OK, OK, OK)
    assert upstream.idle
    upstream.receive(b"421")
    assert not upstream.idle


@pytest.mark.parametrize("implicit", [False, True])
def test_an_empty_piece_is_no_word_in_the_clear(implicit: bool) -> None:
    """Else TLS that is opportunistic would be given up for nothing."""
    upstream = Hop(Introduction("mx.test"), Tls.OPPORTUNISTIC, implicit)
    for said in () if implicit else (OK, b"250-x\r\n250 STARTTLS\r\n", b"220 go on\r\n"):
        upstream.receive(said)
        upstream.take_outgoing()
    assert upstream.receive(b"") == []
    (outcome,) = upstream.receive(b"2")
    assert isinstance(outcome, Broken)
