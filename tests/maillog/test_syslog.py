"""The prefix of syslog and journald is taken off as it was put on, and never found in a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.syslog import Prefixed, split

STAMPS = [
    b"Nov 24 10:00:00",
    b"Nov  7 09:28:01",
    b"2026-11-24T10:00:00.1+01:00",
    b"2026-11-24T10:00:00+0100",
    b"2026-11-24T10:00:00Z",
    b"2026-11-24T10:00:00",
]


@pytest.mark.parametrize("stamp", STAMPS)
@pytest.mark.parametrize("priority", [b"", b"<22>"])
def test_both_plain_forms(stamp: bytes, priority: bytes) -> None:
    line = priority + stamp + b" mx.example.com exim[123]: 2010-11-17 09:28:01 x: y\n"
    rest = b"2010-11-17 09:28:01 x: y\n"
    assert split(line) == Prefixed(stamp, b"mx.example.com", b"exim", b"123", rest)


def test_without_a_pid_and_with_a_longer_name() -> None:
    found = split(b"Nov 24 10:00:00 mx postfix/submission/smtpd[9]: connect from a[192.0.2.1]")
    assert found == Prefixed(
        b"Nov 24 10:00:00", b"mx", b"postfix/submission/smtpd", b"9", b"connect from a[192.0.2.1]"
    )
    assert split(b"Nov 24 10:00:00 mx exim: Start") == Prefixed(
        b"Nov 24 10:00:00", b"mx", b"exim", None, b"Start"
    )


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (
            b"<22>1 2026-11-24T10:00:00.1+01:00 mx exim 123 - - hello",
            (b"2026-11-24T10:00:00.1+01:00", b"mx", b"exim", b"123", b"hello"),
        ),
        (
            b'<22>1 2026-11-24T10:00:00Z mx exim - ID47 [a@1 b="x\\]\\"" c="] no"] hello',
            None,  # an unescaped `]` in a value is against RFC 5424, 6.3.3
        ),
        (
            b'<22>1 2026-11-24T10:00:00Z mx exim - ID47 [a@1 b="x\\]\\""][c] \xef\xbb\xbfhello',
            (b"2026-11-24T10:00:00Z", b"mx", b"exim", None, b"hello"),
        ),
        (b"<22>1 - - exim 1 - - hello", (b"-", None, b"exim", b"1", b"hello")),
        (b"<22>1 - mx exim 1 - -\n", (b"-", b"mx", b"exim", b"1", b"\n")),
    ],
)
def test_rfc_5424(line: bytes, meant: tuple[bytes, ...] | None) -> None:
    assert split(line) == meant


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"2010-11-17 09:28:01 1PIcQq-00040L-2X <= a@example.com H=mx exim[1]: x P=smtp",
        b"Nov 24 10:00:00 mx last message repeated 3 times",
        b"Nov 24 10:00:00 mx --- last message repeated 3 times ---",
        b" Nov 24 10:00:00 mx exim[1]: x",
        b"x Nov 24 10:00:00 mx exim[1]: x",
        b"<22>2 2026-11-24T10:00:00Z mx exim 1 - - x",
        b"Envelope-from: <Nov 24 10:00:00 mx exim[1]: x>",
    ],
)
def test_has_no_prefix(line: bytes) -> None:
    assert split(line) is None


@given(st.binary(max_size=80), st.sampled_from(STAMPS))
def test_what_follows_stays_as_it_is(rest: bytes, stamp: bytes) -> None:
    found = split(stamp + b" mx exim[1]: " + rest)
    assert found == Prefixed(stamp, b"mx", b"exim", b"1", rest)


@given(st.binary(max_size=200))
def test_nothing_is_raised(line: bytes) -> None:
    split(line)
    split(b"<22>1 " + line)
    split(b'<22>1 - - exim 1 - [a b="' + line)
