"""A line of Postfix's says the same whatever syslog has put before it, and however it is read.

Lines of RFC 5424 go the long way; plain ones are read by one expression each.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.logged import Logged
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.stamps import Clock
from mxward.maillog.syslog import Prefixed, split
from tests.maillog.pairs import NOT_AFTER, lines_of, pairs

AT = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()


def _rfc5424(line: Prefixed) -> bytes:
    parts = (line.host or b"-", line.program, line.pid or b"-", line.rest)
    return b"<22>1 2026-11-24T10:00:00Z %s %s %s - - %s" % parts


def _tagged(stamp: bytes, line: Prefixed) -> bytes:
    pid = b"" if line.pid is None else b"[%s]" % line.pid
    return b"%s %s %s%s: %s" % (stamp, line.host or b"-", line.program, pid, line.rest)


FORMS = {
    "RFC 3164": lambda line: _tagged(b"Nov 24 10:00:00", line),
    "with a priority": lambda line: _tagged(b"<22>Nov 24 10:00:00", line),
    "microseconds": lambda line: _tagged(b"2026-11-24T10:00:00.000000+00:00", line),
    "seconds": lambda line: _tagged(b"2026-11-24T11:00:00+01:00", line),
    "a line end": lambda line: _tagged(b"Nov 24 10:00:00", line) + b"\r\n",
    "RFC 5424": _rfc5424,
}


def read(lines: list[bytes]) -> tuple[list[Logged], dict[str, int], dict[str, int]]:
    reader = PostfixReader(Clock(UTC, NOT_AFTER))
    logged = [*reader.read(lines), *reader.end()]
    return logged, dict(reader.tally.told), dict(reader.tally.strange)


def prefixed(lines: list[bytes]) -> list[Prefixed]:
    taken_apart = (split(line.rstrip(b"\r\n")) for line in lines)
    return [line for line in taken_apart if line is not None and line.program != b"postfix"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", pairs("postfix"), ids=lambda path: path.stem)
def test_every_form_says_the_same(path: Path, form: str) -> None:
    lines = prefixed(lines_of(path.read_bytes()))
    told = read([FORMS[form](line) for line in lines])
    assert told == read([_rfc5424(line) for line in lines])
    assert {one.at for one in told[0]} <= {AT}


LINES = prefixed([line for path in pairs("postfix") for line in lines_of(path.read_bytes())])
SPOILT = st.tuples(
    st.sampled_from(LINES), st.integers(0, 200), st.binary(max_size=4), st.integers(0, 200)
).map(lambda s: s[0]._replace(rest=_without_ends(s[0].rest[: s[1]] + s[2] + s[0].rest[s[3] :])))


def _without_ends(rest: bytes) -> bytes:
    return rest.translate(None, b"\r\n")


@given(st.lists(st.sampled_from(LINES) | SPOILT, max_size=12), st.sampled_from(sorted(FORMS)))
def test_spoilt_lines_too(lines: list[Prefixed], form: str) -> None:
    assert read([FORMS[form](line) for line in lines]) == read([_rfc5424(line) for line in lines])


def test_two_hosts_with_microseconds_are_not_mistaken_for_each_other() -> None:
    """Their prefixes are remembered; a line in another form between them spoils nothing."""
    lines = [
        b"2026-11-24T10:00:00.000000Z %s postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]:"
        b" 550 5.1.1 no; from=<a@b.example> to=<c@d.example> proto=SMTP helo=<x>" % host
        for host in (b"mx1", b"mx2", b"mx1", b"mx10")
    ]
    lines.insert(2, b"Nov 24 10:00:00 mx3 postfix/smtpd: connect from a[192.0.2.1]")
    assert [one.host for one in read(lines)[0]] == ["mx1", "mx2", "mx1", "mx10"]
