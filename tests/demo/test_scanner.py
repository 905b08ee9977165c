"""The scanner: refuses EICAR, hands the rest on, and says what the server behind it says."""

from __future__ import annotations

from mxward.demo.mail import Mail, honest, worm
from mxward.demo.play import Outcome, Play
from mxward.demo.tape import Kind, Line
from tests.demo.worlds import without_mxward


def by_the_front_door(*mails: Mail, crashed: bool = False) -> tuple[list[Outcome], list[Line]]:
    """Send mail to cleanmail's MX host, which hands it to the mail server."""
    outcomes = []

    async def scene(play: Play) -> None:
        await play.mxward("observe")
        if crashed:
            play.world.mailserver.crash()
        outcomes.extend([await play.send(mail, to="clean1", name="mx1") for mail in mails])

    _, tape = without_mxward(scene)
    return outcomes, tape


def test_a_virus_is_refused_at_the_end_of_the_data() -> None:
    outcomes, tape = by_the_front_door(worm(1))
    assert outcomes == [Outcome("550 5.7.1", by="cleanmail")]
    assert [line.text for line in tape if line.kind is Kind.SERVER] == [
        "250 2.1.5 Ok",
        "550 5.7.1 cleanmail: virus found: Eicar-Test-Signature",
    ]


def test_clean_mail_is_handed_on_from_the_egress_and_stamped() -> None:
    outcomes, tape = by_the_front_door(honest(1, "shaun@it.co.za", "Friday?"))
    assert outcomes == [Outcome("250", mailboxes=1, how="via cleanmail")]
    assert any(line.kind is Kind.TALK and line.depth == 1 for line in tape)


def test_the_answer_is_the_mail_servers() -> None:
    outcomes, _ = by_the_front_door(honest(1, "not%here@it.co.za", "Friday?"))
    assert outcomes == [Outcome("550 5.7.1", by="mail server")]


def test_no_customer_no_service() -> None:
    outcomes, _ = by_the_front_door(honest(1, "victim@elsewhere.example", "Friday?"))
    assert outcomes == [Outcome("550 5.7.1", by="cleanmail", relayed=0)]


def test_what_cannot_be_handed_on_is_tried_again_later() -> None:
    outcomes, _ = by_the_front_door(honest(1, "shaun@it.co.za", "Friday?"), crashed=True)
    assert outcomes == [Outcome("451 4.4.1", by="cleanmail")]
