"""A log is known by its lines, and read completely, whatever else is in it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Logged, Reader
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.recognise import ENOUGH, Format, reader_for, recognise
from mxward.maillog.stamps import Clock
from tests.maillog.pairs import NOT_AFTER, lines_of, pairs

EXIM = b"2026-11-24 10:00:00 1PIcQq-00040L-2X <= a@b.example H=[192.0.2.10] P=esmtp S=1 for b@c.org"
REJECTED = (
    b"2026-11-24 10:00:00 H=mx [192.0.2.10] F=<a@example.com> rejected RCPT <b@c.example>: no"
)
IN_SYSLOG = b"Nov 24 10:00:00 mx exim[1]: " + EXIM
POSTFIX = b"Nov 24 10:00:00 mx postfix/smtpd[1]: connect from mx[192.0.2.10]"
STRANGE = b"half of a line, or \x00\xff"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        ([b"", b"\n"], None),
        ([STRANGE] * 5, None),
        ([b"Nov 24 10:00:00 mx dovecot: imap-login: Login: user=<a>"], None),
        ([b"2026-11-24 10:00:00 INFO the server has begun"], None),
        ([b'192.0.2.1 - - [24/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1'], None),
        ([EXIM], Format.EXIM),
        ([EXIM + b"\r\n"], Format.EXIM),
        ([b"2026-11-24 10:00:00 Start queue run: pid=1"], Format.EXIM),
        ([b"2026-11-24 10:00:00 exim 4.96 daemon started: pid=1, -q30m"], Format.EXIM),
        ([b"2026-11-24 10:00:00 1PIcQq-00040L-2X Completed"], Format.EXIM),
        ([REJECTED, EXIM], Format.EXIM),
        ([REJECTED], Format.REJECTLOG),
        ([REJECTED[:42] + b"sender verify fail for <a@b.example>", REJECTED], Format.REJECTLOG),
        ([b"F From: <a@example.com>", b"---", REJECTED, b"Envelope-from: <a>"], Format.REJECTLOG),
        ([IN_SYSLOG], Format.EXIM),
        ([b"<22>1 2026-11-24T10:00:00Z mx exim 1 - - " + EXIM[20:]], Format.EXIM),
        ([b"Nov 24 10:00:00 mx exim[1]: " + REJECTED[20:], IN_SYSLOG], Format.EXIM),
        ([POSTFIX], Format.POSTFIX),
        ([b"2026-11-24T10:00:00.1+01:00" + POSTFIX[15:]], Format.POSTFIX),
        ([b"<22>1 2026-11-24T10:00:00Z mx postfix/qmgr 1 - - 3F2A01218A: removed"], Format.POSTFIX),
        ([b"Nov 24 10:00:00 mx in/smtpd[1]: connect from mx[192.0.2.10]"], Format.POSTFIX),
        ([STRANGE] * (ENOUGH - 1) + [POSTFIX], Format.POSTFIX),
        ([POSTFIX, POSTFIX, IN_SYSLOG], Format.POSTFIX),
        ([POSTFIX, IN_SYSLOG, IN_SYSLOG], Format.EXIM),
    ],
)
def test_what_a_log_is(lines: list[bytes], found: Format | None) -> None:
    assert recognise(lines) is found


def test_the_pairs_are_what_they_are() -> None:
    for path in pairs("postfix"):
        assert recognise(lines_of(path.read_bytes())) is Format.POSTFIX, path.name
    for path in pairs("exim"):
        found = Format.REJECTLOG if path.stem == "rejectlog" else Format.EXIM
        assert recognise(lines_of(path.read_bytes())) is found, path.name


def lines_of_all(directory: str) -> list[bytes]:
    """Of all pairs but those of a small memory and of a whole rejectlog."""
    left_out = ("bounded", "rejectlog", "rejectlog_after_mainlog")
    paths = [path for path in pairs(directory) if path.stem not in left_out]
    return [line for path in paths for line in lines_of(path.read_bytes())]


def clock() -> Clock:
    return Clock(UTC, NOT_AFTER)


def read(reader: Reader, lines: list[bytes]) -> Counter[Logged]:
    """What it tells, without the lines' numbers."""
    logged = [*reader.read(lines), *reader.end()]
    assert reader.tally.lines == len(lines)
    assert reader.tally.told.total() + reader.tally.strange.total() == len(lines)
    return Counter(one._replace(line=0) for one in logged)


@pytest.mark.parametrize("found", [*Format, None])
@pytest.mark.parametrize("exim_first", [True, False])
@pytest.mark.parametrize("every", [1, 2, 1000])
def test_both_readers_read_all_that_is_theirs(
    found: Format | None, exim_first: bool, every: int
) -> None:
    """Put one after the other, or mixed: whatever the log was taken for."""
    of_exim, of_postfix = lines_of_all("exim"), lines_of_all("postfix")
    first, second = (of_exim, of_postfix) if exim_first else (of_postfix, of_exim)
    mixed = [
        line
        for begin in range(0, max(len(first), len(second)), every)
        for line in (*first[begin : begin + every], *second[begin : begin + every])
    ]
    rejectlog = found is Format.REJECTLOG
    exim, postfix = EximReader(clock(), rejectlog=rejectlog), PostfixReader(clock())
    reader = reader_for(found, clock())
    assert read(reader, mixed) == read(exim, of_exim) + read(postfix, of_postfix)


def test_numbers_are_those_of_the_log() -> None:
    lines = [POSTFIX, EXIM, IN_SYSLOG, POSTFIX, REJECTED]
    for found in (*Format, None):
        reader = reader_for(found, clock())
        assert [one.line for one in reader.read(lines)] == [2, 3, 5]


def test_a_rejectlog_is_read_as_one() -> None:
    (path,) = (path for path in pairs("exim") if path.stem == "rejectlog")
    lines = lines_of(path.read_bytes())
    reader = reader_for(recognise(lines), clock())
    assert sum(1 for _ in reader.read(lines)) == 3
    assert reader.tally.told["header of a rejected message"] == 12


def test_the_host_is_told_where_the_log_does_not() -> None:
    reader = reader_for(Format.EXIM, clock(), host="mx9")
    assert [one.host for one in reader.read([EXIM, IN_SYSLOG])] == ["mx9", "mx"]


KINDS = [EXIM, REJECTED, IN_SYSLOG, POSTFIX, STRANGE, b"Nov 24 10:00:00 mx dovecot: x", b"F x"]


@given(st.lists(st.sampled_from(KINDS) | st.binary(max_size=50), max_size=20), st.data())
def test_no_line_is_lost(lines: list[bytes], data: st.DataObject) -> None:
    found = data.draw(st.sampled_from([*Format, None, recognise(lines)]))
    reader = reader_for(found, clock())
    logged = list(reader.read(lines))
    assert reader.tally.lines == len(lines)
    assert reader.tally.told.total() + reader.tally.strange.total() == len(lines)
    assert sum(one.outcome == "accepted" for one in logged) == lines.count(EXIM) + lines.count(
        IN_SYSLOG
    )
