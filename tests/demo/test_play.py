"""Outcomes in words, and that the table cannot be green where mxward does nothing."""

from __future__ import annotations

import pytest

from mxward.demo.mail import honest
from mxward.demo.play import Outcome, Play, back_door
from mxward.demo.show import SCENES, perform
from mxward.demo.tape import Kind
from tests.demo.worlds import without_mxward


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome("250", mailboxes=1, how="unscanned"), "250; mailbox 1, unscanned"),
        (Outcome("250", mailboxes=2, how="via cleanmail"), "250; mailbox 2, via cleanmail"),
        (Outcome("250", by="mxward"), "250 by mxward; mailbox 0"),
        (Outcome("550 5.7.1", by="cleanmail"), "550 5.7.1 by cleanmail; mailbox 0"),
        (Outcome("550 5.7.1", relayed=0), "550 5.7.1 by mail server; relayed 0"),
        (
            Outcome("250", mailboxes=1, how="unscanned", relayed=1),
            "250; relayed 1; mailbox 1, unscanned",
        ),
    ],
)
def test_outcomes_in_words(outcome: Outcome, words: str) -> None:
    assert str(outcome) == words


def test_back_door() -> None:
    assert back_door(honest(1, "shaun@it.co.za", "x")) == "mail.it.co.za"


def test_who_said_it_and_how_it_came() -> None:
    """A message sent twice is two deliveries; one that says it was scanned is not believed."""
    outcomes = []

    async def scene(play: Play) -> None:
        await play.mxward("observe")
        mail = honest(play.number(), "shaun@it.co.za", "Friday?")
        outcomes.extend([await play.send(mail), await play.send(mail)])
        forged = honest(play.number(), "shaun@it.co.za", "Friday?")
        content = b"X-Scanned-By: cleanmail\r\n" + forged.content
        outcomes.append(await play.send(type(forged)("x", "a@b.c", "s@it.co.za", content, "[]")))
        outcomes.append(await play.send(honest(play.number(), "x@elsewhere.example", "x")))

    without_mxward(scene)
    assert [str(outcome) for outcome in outcomes] == [
        "250; mailbox 1, unscanned",
        "250; mailbox 2, unscanned",
        "250; mailbox 1, from anna, who says: scanned by cleanmail",
        "550 5.7.1 by mail server; relayed 0",
    ]


@pytest.mark.parametrize(
    ("number", "good", "bad"),
    [
        (1, 1, 0),  # observing changes nothing: so it was before mxward
        (2, 0, 1),
        (3, 0, 5),
        (4, 0, 4),
        (7, 1, 2),
    ],
)
def test_without_mxward_the_table_says_so(number: int, good: int, bad: int) -> None:
    async def scene(play: Play) -> None:
        await perform(play, number)

    play, tape = without_mxward(scene)
    assert [row.good for row in play.rows].count(True) == good
    assert [row.good for row in play.rows].count(False) == bad
    assert {row.scene for row in play.rows} == {number}
    assert sum(line.kind is Kind.DIFFERS for line in tape) == bad


def test_a_scene_that_breaks_off_is_a_row_that_differs() -> None:
    async def scene(play: Play) -> None:
        play.world.mailserver.listeners.listen = broken  # type: ignore[method-assign]
        await perform(play, 1)

    async def broken(*_: object, **__: object) -> None:
        raise OSError("no room")

    play, _ = without_mxward(scene)
    assert [(row.good, row.seen) for row in play.rows] == [(False, "no room")]


def test_every_scene_has_a_title() -> None:
    assert sorted(SCENES) == list(range(1, 10))
    assert all(scene.title for scene in SCENES.values())
