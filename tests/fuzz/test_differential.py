"""The differential oracle: all known ways of smuggling, and sessions made of them, seeded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.smtp.content import Content, Newlines
from tests.fuzz.differential import CHUNKING, DATA_ONLY, Session, play
from tests.fuzz.sessions import WORDS, random_pieces
from tests.integration.smuggling import CASES, HELLO, Taken
from tests.smtp.fragments import COMMANDS

GUARD = {"it.co.za": "refuse"}
CONTENTS = (Content(), Content(Newlines.REJECT), Content(nul=True))  # in the order of Taken


def test_all_that_is_known(count: Callable[[int, int], int]) -> None:
    """Each to a reader of chunks or to one of DATA; with `--long` to both."""
    found, wanted = {}, {}
    for number, (name, case) in enumerate(CASES.items()):
        for turn in range(count(1, 2)):
            counts = []
            for content in CONTENTS:
                ehlo = (CHUNKING, DATA_ONLY)[(number + turn) % 2]
                session = Session(content, ehlo, GUARD)
                session.play(case.pieces)
                counts.append(len(session.given))
                asked = (to for given in session.given for to in given.recipients)
                assert {to.rpartition("@")[2] for to in asked} <= {"direct.example"}
            found[name, turn], wanted[name, turn] = Taken(*counts), case.taken
    assert found == wanted


@pytest.mark.timeout(3600)
def test_random_sessions(count: Callable[[int, int], int]) -> None:
    mails = 0
    for seed in range(count(1500, 200_000)):
        try:
            mails += len(play(seed).given)
        except Exception as wrong:
            wrong.add_note(f"seed {seed}: {random_pieces(seed)}")
            raise
    assert mails > count(300, 40_000)


PIECES = st.lists(
    st.one_of(st.sampled_from(WORDS), st.sampled_from(COMMANDS), st.binary(max_size=9)), max_size=30
)


@given(PIECES, st.sampled_from(CONTENTS), st.sampled_from((CHUNKING, DATA_ONLY)))
def test_any_octets(pieces: list[bytes], content: Content, ehlo: bytes) -> None:
    for said in (pieces, [b"".join(pieces)]):
        Session(content, ehlo, GUARD).play([HELLO, *said])
