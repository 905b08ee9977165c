"""Laws for every reader: pieces, cut ends and rubbish do no harm; nothing grows without bounds."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Logged, Outcome, Reader
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.recognise import Format, reader_for
from mxward.maillog.stamps import Clock
from tests.maillog.pairs import NOT_AFTER, lines_of, pairs


def clock() -> Clock:
    return Clock(UTC, NOT_AFTER)


MAKERS: dict[str, Callable[[], Reader]] = {
    "exim": lambda: EximReader(clock()),
    "rejectlog": lambda: EximReader(clock(), rejectlog=True),
    "postfix": lambda: PostfixReader(clock()),
    "mixed, of exim": lambda: reader_for(Format.EXIM, clock()),
    "mixed, of postfix": lambda: reader_for(Format.POSTFIX, clock()),
}
LOGS = {path.stem: path.read_bytes() for path in (*pairs("exim"), *pairs("postfix"))}
LINES = sorted({line for log in LOGS.values() for line in lines_of(log)})
makers = st.sampled_from(sorted(MAKERS)).map(MAKERS.__getitem__)
logs = st.sampled_from(sorted(LOGS)).map(LOGS.__getitem__)


def read(reader: Reader, lines: list[bytes]) -> list[Logged]:
    logged = [*reader.read(lines), *reader.end()]
    assert reader.tally.lines == len(lines)
    assert reader.tally.told.total() + reader.tally.strange.total() == len(lines)
    return logged


@given(make=makers, log=logs, cuts=st.lists(st.integers(0, 50), max_size=8))
def test_blocks_never_matter(make: Callable[[], Reader], log: bytes, cuts: list[int]) -> None:
    lines = lines_of(log)
    reader, whole = make(), make()
    places = [0, *sorted(cuts), len(lines)]
    blocks = [lines[a:b] for a, b in pairwise(places)]
    logged = [one for block in blocks for one in reader.read(block)]
    assert logged + list(reader.end()) == read(whole, lines)
    assert reader.tally.told == whole.tally.told
    assert reader.tally.samples == whole.tally.samples


def who(logged: list[Logged]) -> set[str | None]:
    """Whose addresses and names are told."""
    return {one.client for one in logged} | {one.name for one in logged}


@given(make=makers, log=logs, data=st.data())
def test_a_cut_end_invents_nobody(
    make: Callable[[], Reader], log: bytes, data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, len(log)))
    told = who(read(make(), lines_of(log[:end])))
    assert told <= who(read(make(), lines_of(log))) | {None, ""}


@pytest.mark.parametrize("name", MAKERS)
def test_every_line_may_end_anywhere(name: str) -> None:
    """A full disk cuts a line where it likes: by itself, none of its beginnings raises."""
    beginnings = sorted({line[:end] for line in LINES for end in range(len(line))})
    read(MAKERS[name](), beginnings)


RUBBISH = st.binary(max_size=80) | st.tuples(
    st.sampled_from(LINES), st.integers(0, 300), st.binary(max_size=8), st.integers(0, 300)
).map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[3] :])
"""Octets, and lines in which some were lost or came from elsewhere."""


@given(make=makers, lines=st.lists(RUBBISH | st.sampled_from(LINES), max_size=12))
def test_nothing_is_raised_and_no_line_lost(make: Callable[[], Reader], lines: list[bytes]) -> None:
    for one in read(make(), lines):
        assert isinstance(one.outcome, Outcome)
        assert 1 <= one.line <= len(lines)
        assert 0 <= one.at < NOT_AFTER * 10


@pytest.mark.parametrize("name", MAKERS)
def test_a_line_of_a_megabyte_is_counted_and_not_kept(name: str) -> None:
    beginnings = (
        b"",
        b"2026-11-24 10:00:00 ",
        b"Nov 24 10:00:00 mx postfix/smtpd[1]: connect from ",
    )
    lines = [beginning + b"x" * 1_000_000 for beginning in beginnings]
    reader = MAKERS[name]()
    assert read(reader, lines) == []
    assert reader.tally.strange.total() == 3
    assert len(pickle.dumps(reader.tally)) < 10_000


def test_what_postfix_does_not_finish_is_bounded() -> None:
    """Messages without an end, clients without a message, processes that never hang up."""
    reader = PostfixReader(clock(), waiting=10)
    peer = "a[192.0.2.10]"
    lines = [
        line.encode()
        for number in range(20_000)
        for line in (
            f"Nov 24 10:00:00 mx postfix/smtpd[{number}]: TLS connection established from {peer}:"
            " TLSv1.3 with cipher x (1/1 bits)",
            f"Nov 24 10:00:00 mx postfix/smtpd[{number}]: {number:010X}: client={peer}",
            f"Nov 24 10:00:00 mx postfix/bounce[1]: 1111111111: x notification: {number:011X}",
        )
    ]
    assert list(reader.read(lines)) == []
    assert len(reader.unfinished()) <= 10
    assert len(pickle.dumps(reader.held())) < 2_000_000


def test_recipients_that_wait_are_bounded() -> None:
    """A message for more recipients than all may wait for: the oldest goes as it is."""
    begin = "Nov 24 10:00:00 mx postfix"
    lines = [f"{begin}/smtpd[1]: 1111111111: client=a[192.0.2.10]"]
    lines += [f"{begin}/qmgr[1]: 1111111111: from=<a@b>, size=1, nrcpt=99999999 (queue active)"]
    reader = PostfixReader(clock(), waiting=100)
    assert list(reader.read(line.encode() for line in lines)) == []
    text = begin + "/smtp[1]: 1111111111: to=<%d@it.co.za>, relay=x"
    many = reader.read((text % number).encode() for number in range(1100))
    assert [(len(one.recipients), one.cut) for one in many] == [(1001, True)]
    assert reader.unfinished() == set()
