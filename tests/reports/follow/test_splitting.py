"""Chunking never matters, and what has no end is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.strange import LONGEST
from mxward.reports.follow.splitting import Splitter

PIECES = st.lists(st.binary(max_size=30) | st.sampled_from([b"\n", b"\r\n", b"a\nb\n"]))


@given(PIECES)
def test_chunking_never_matters(pieces: list[bytes]) -> None:
    splitter, lines, taken = Splitter(), list[bytes](), 0
    for piece in pieces:
        lines += splitter.add(piece)
        taken += len(piece)
        assert sum(map(len, lines)) + splitter.waiting == taken
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert b"".join([*lines, *splitter.end()]) == b"".join(pieces)
    assert splitter.waiting == 0


def test_a_line_without_an_end_is_not_kept_whole() -> None:
    splitter = Splitter()
    for _ in range(100):
        assert splitter.add(b"x" * LONGEST) == []
    assert splitter.waiting == 100 * LONGEST
    (line,) = splitter.add(b"\n")
    assert LONGEST < len(line) < 2 * LONGEST
    assert splitter.add(b"next\n") == [b"next\n"]
    assert splitter.waiting == 0
