"""Octets of Postfix and Exim become questions, however they arrive; what is none is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.policyd.questions import MOST_LINES, MOST_OCTETS, Asker, Malformed, Questions

RCPT = (
    b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.7\n"
    b"recipient=shaun@it.co.za\n\n"
)
EXIM = b"request=exim\nclient_address=192.0.2.7\nrecipient=shaun@it.co.za\n\n"
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=40)


def test_one_question() -> None:
    [asked] = Questions().receive(RCPT)
    assert asked.asker is Asker.POSTFIX
    assert asked.of("recipient") == "shaun@it.co.za"
    assert asked.of("sender") == ""


@given(
    asked=st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=4),
    cuts=st.lists(st.integers(0, 800), max_size=6),
)
def test_any_questions_in_any_pieces(asked: list[dict[str, str]], cuts: list[int]) -> None:
    wanted = [{"request": "exim", **{k: v for k, v in x.items() if k != "request"}} for x in asked]
    octets = b"".join(
        b"".join(f"{name}={value}\n".encode() for name, value in each.items()) + b"\n"
        for each in wanted
    )
    questions, found, begin = Questions(), [], 0
    for cut in sorted({min(cut, len(octets)) for cut in cuts} | {len(octets)}):
        found += [dict(each.told) for each in questions.receive(octets[begin:cut])]
        begin = cut
    assert found == wanted
    assert not questions.begun


def test_what_a_client_wrote_stands_in_its_own_line() -> None:
    """Of two lines of one name the first counts: nothing that comes later can take its place."""
    octets = EXIM.replace(b"\n\n", b"\nclient_address=198.51.100.1\n\n")
    [asked] = Questions().receive(octets)
    assert asked.of("client_address") == "192.0.2.7"


def test_octets_that_are_no_utf8_are_kept_apart() -> None:
    [asked] = Questions().receive(EXIM.replace(b"shaun", b"sh\xffun"))
    assert asked.of("recipient") == "sh\udcffun@it.co.za"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"GET / HTTP/1.1\n\n", "a line without ="),
        (b"request=smtp\n\n", "a request that is not known"),
        (b"\n\n", "a line without ="),
        (b"a=b\n\n", "a request that is not known"),
        (b"x=" + b"y" * MOST_OCTETS, f"a question of more than {MOST_OCTETS} octets"),
        (b"x=" + b"y" * MOST_OCTETS + b"\n\n", f"a question of more than {MOST_OCTETS} octets"),
        (b"x=y\n" * (MOST_LINES + 1) + b"\n", f"a question of more than {MOST_LINES} lines"),
    ],
)
def test_what_is_no_question(octets: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=f"^{why}$"):
        list(Questions().receive(octets))


@given(st.binary(max_size=300))
def test_octets_of_any_kind_are_questions_or_malformed(octets: bytes) -> None:
    questions = Questions()
    try:
        list(questions.receive(octets))
        list(questions.receive(b"\n\n" + octets))
    except Malformed:
        pass
