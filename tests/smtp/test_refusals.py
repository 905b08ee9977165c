"""Refusals: what a stranger reads, and that no name from the DNS can spoil it."""

from __future__ import annotations

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.model import (
    Action,
    Decision,
    Door,
    Evidence,
    Exchange,
    FrontDoor,
    Known,
    Reason,
    Stage,
)
from mxward.smtp.refusals import refusal, rerouted_loop, too_fast
from mxward.smtp.replies import Reply

CONTACT = "postmaster@mx.test"
LINE = re.compile(rb"[245][0-9]{2}[ -][245]\.[0-9]\.[0-9]{1,2} [\x20-\x7e]*")


def decision(reason: Reason, action: Action, domain: str = "it.test", *mx: str) -> Decision:
    exchanges = tuple(Exchange(10, name, (ip_address("192.0.2.1"),)) for name in mx)
    evidence = Evidence(domain, FrontDoor(Known.FOUND, exchanges))
    return Decision(action, action, Stage.REFUSE, Door.BACK, reason, evidence)


@pytest.mark.parametrize(
    ("reason", "action", "lines"),
    [
        (
            Reason.BACK_DOOR,
            Action.REFUSE,
            [
                "550-5.7.1 Mail for it.test is taken at its MX only, not here",
                "550-5.7.1 Its MX: a.mx.test, b.mx.test",
                "550 5.7.1 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.BACK_DOOR,
            Action.DEFER,
            [
                "451-4.7.1 Mail for it.test is taken at its MX only, not here",
                "451-4.7.1 Its MX: a.mx.test, b.mx.test",
                "451 4.7.1 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.LOOKUP_FAILED,
            Action.DEFER,
            [
                "451-4.4.3 Cannot tell just now whether mail for it.test may come this way, "
                "try again",
                "451 4.4.3 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.HELD,
            Action.DEFER,
            [
                "451-4.4.3 It is being checked whether mail for it.test may come from you, "
                "try again",
                "451 4.4.3 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.NO_TARGET,
            Action.DEFER,
            [
                "451-4.4.4 Mail for it.test cannot be sent on to its MX just now, try again",
                "451 4.4.4 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.RELAY,
            Action.REFUSE,
            [
                "550-5.7.1 it.test is not served here, and nothing is relayed",
                "550 5.7.1 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
        (
            Reason.HIDDEN_DOMAIN,
            Action.REFUSE,
            [
                "550-5.7.1 Write the recipient as user@domain, without any routing",
                "550 5.7.1 Questions: postmaster@mx.test (id s1-1)",
            ],
        ),
    ],
)
def test_each_reason_has_its_words(reason: Reason, action: Action, lines: list[str]) -> None:
    answer = refusal(decision(reason, action, "it.test", "a.mx.test", "b.mx.test"), CONTACT, "s1-1")
    assert bytes(answer).decode().splitlines() == lines


def test_without_a_contact_there_is_the_id() -> None:
    answer = refusal(decision(Reason.BACK_DOOR, Action.REFUSE), "", "s1-1")
    assert bytes(answer).decode().splitlines() == [
        "550-5.7.1 Mail for it.test is taken at its MX only, not here",
        "550 5.7.1 The id is s1-1",
    ]


def test_a_relay_without_a_domain() -> None:
    answer = refusal(decision(Reason.RELAY, Action.REFUSE, ""), "", "s1-1")
    assert answer.lines[0] == b"5.7.1 This recipient is not served here, and nothing is relayed"


def test_the_first_three_mx_are_named() -> None:
    names = [f"{letter}.mx.test" for letter in "abcd"]
    answer = refusal(decision(Reason.BACK_DOOR, Action.REFUSE, "it.test", *names), "", "s1-1")
    assert answer.lines[1] == b"5.7.1 Its MX: a.mx.test, b.mx.test, c.mx.test and others"


def test_long_names_are_named_as_far_as_a_line_goes() -> None:
    name = ".".join(["x" * 63] * 3 + ["y" * 61])
    answer = refusal(decision(Reason.BACK_DOOR, Action.REFUSE, name, name, name), "", "s1-1")
    assert answer.lines[1] == b"5.7.1 Its MX: " + name.encode() + b", and others"
    assert sound(answer)


def sound(answer: Reply) -> bool:
    """Each line has at most 512 octets (RFC 5321 4.5.3.1.5), all of them printable."""
    lines = bytes(answer).split(b"\r\n")
    return lines.pop() == b"" and all(
        LINE.fullmatch(line) is not None and len(line) + 2 <= 512 for line in lines
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "a.test\r\n250 ok",
        "a.test\n.",
        "a\x00b",
        "a\x1b[2Jb",
        "a\x7fb",
        "\u00fc\u202e.test",
        "a\\010b.test",
        "%s%n{0}",
        "x" * 5000,
        "x " * 2500,
        " ",
        "",
    ],
)
def test_hostile_names_stay_text(hostile: str) -> None:
    answer = refusal(
        decision(Reason.BACK_DOOR, Action.REFUSE, hostile, hostile, "b", hostile, hostile),
        hostile,
        "s1-1",
    )
    assert sound(answer)
    assert len(answer.lines) == 3
    assert sound(too_fast(hostile, "s1-1"))
    assert sound(rerouted_loop(hostile, "s1-1"))


@given(
    reason=st.sampled_from(Reason),
    action=st.sampled_from([Action.DEFER, Action.REFUSE]),
    domain=st.text(),
    names=st.lists(st.text(max_size=300), max_size=6),
    contact=st.text(),
)
def test_any_name_makes_a_sound_reply(
    reason: Reason, action: Action, domain: str, names: list[str], contact: str
) -> None:
    answer = refusal(decision(reason, action, domain, *names), contact, "s1-1")
    assert sound(answer)
    assert answer.code == (451 if action is Action.DEFER else 550)
