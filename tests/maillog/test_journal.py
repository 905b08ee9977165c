"""systemd's journal becomes lines of syslog, in any pieces, and nobody's message becomes two."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.journal import LONGEST, Journal, is_journal
from mxward.maillog.recognise import Format, reader_for, recognise
from mxward.maillog.stamps import Clock
from mxward.maillog.syslog import split

AT = datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC)
MICROSECONDS = b"%d" % (AT.timestamp() * 1_000_000)
CLIENT = b"3F2A01218A: client=mail.example.com[192.0.2.10]"


def text(name: bytes, value: bytes) -> bytes:
    return name + b"=" + value + b"\n"


def octets(name: bytes, value: bytes) -> bytes:
    return name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"


def entry(message: bytes, *more: bytes) -> bytes:
    """As journald has what a program gave to syslog."""
    fields = [
        text(b"__CURSOR", b"s=0639;i=1"),
        text(b"__REALTIME_TIMESTAMP", MICROSECONDS),
        text(b"_HOSTNAME", b"mx"),
        text(b"SYSLOG_IDENTIFIER", b"postfix/smtpd"),
        text(b"_PID", b"101"),
        octets(b"MESSAGE", message),
    ]
    return b"".join((*fields, *more, b"\n"))


def read(journal: bytes) -> list[bytes]:
    decoder = Journal()
    lines = decoder.feed(journal) + decoder.end()
    assert decoder.problem == ""
    return lines


LINE = b"2026-11-24T10:00:00.250000Z mx postfix/smtpd[101]: "


def test_an_entry_is_a_line() -> None:
    plain = entry(b"x").replace(octets(b"MESSAGE", b"x"), text(b"MESSAGE", CLIENT))
    assert read(entry(CLIENT) + plain) == [LINE + CLIENT] * 2


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (text(b"_SOURCE_REALTIME_TIMESTAMP", b"1"), b"1970-01-01T00:00:00.000001Z mx "),
        (text(b"_SOURCE_REALTIME_TIMESTAMP", b"never"), b"2026-11-24T10:00:00.250000Z mx "),
        (text(b"__REALTIME_TIMESTAMP", b"9" * 30), b"- mx postfix/smtpd[101]: "),
        (text(b"_HOSTNAME", b""), b"2026-11-24T10:00:00.250000Z - postfix/smtpd"),
        (octets(b"_HOSTNAME", b"a b\nc"), b"2026-11-24T10:00:00.250000Z a_b_c postfix/smtpd"),
        (text(b"SYSLOG_IDENTIFIER", b"exim"), b"2026-11-24T10:00:00.250000Z mx exim[101]: "),
        (text(b"SYSLOG_IDENTIFIER", b"a: [b"), b"2026-11-24T10:00:00.250000Z mx a___b[101]: "),
        (text(b"SYSLOG_IDENTIFIER", b""), b"2026-11-24T10:00:00.250000Z mx -[101]: "),
        (
            text(b"SYSLOG_IDENTIFIER", b"") + text(b"_COMM", b"exim4"),
            b"2026-11-24T10:00:00.250000Z mx exim4[101]: ",
        ),
        (text(b"_PID", b"x"), b"2026-11-24T10:00:00.250000Z mx postfix/smtpd: "),
        (
            text(b"_PID", b"") + text(b"SYSLOG_PID", b"7"),
            b"2026-11-24T10:00:00.250000Z mx postfix/smtpd[7]: ",
        ),
        (octets(b"COREDUMP", b"\n\nMESSAGE=forged\n\n"), LINE),
    ],
)
def test_what_stands_before_it(more: bytes, line: bytes) -> None:
    (only,) = read(entry(CLIENT, more))
    assert only.startswith(line)
    assert only.endswith(CLIENT)


def test_entries_without_a_message_are_no_lines() -> None:
    assert read(text(b"__CURSOR", b"x") + b"\n\n\n" + entry(CLIENT)) == [LINE + CLIENT]


def test_nobody_begins_a_line_within_a_message() -> None:
    forged = b"x\n\n__CURSOR=x\nMESSAGE=forged\n\n"
    assert read(entry(forged)) == [LINE + forged.replace(b"\n", b"#012")]


@pytest.mark.parametrize("field", [text, octets])
def test_a_long_message_is_cut(field: object) -> None:
    message = b"x" * (3 * LONGEST)
    whole = entry(b"m").replace(octets(b"MESSAGE", b"m"), field(b"MESSAGE", message))  # type: ignore[operator]
    for size in (1000, LONGEST, len(whole)):
        decoder = Journal()
        lines = [
            line
            for begin in range(0, len(whole), size)
            for line in decoder.feed(whole[begin : begin + size])
        ]
        assert (lines, decoder.problem) == ([LINE + b"x" * LONGEST], "")


def test_an_endless_field_is_not_held() -> None:
    decoder = Journal()
    decoder.feed(b"MESSAGE\n" + b"\xff" * 8)
    for _ in range(100):
        assert decoder.feed(b"x" * 100_000) == []
    assert len(pickle.dumps(decoder)) < 2 * LONGEST  # all that it holds
    assert decoder.end() == []
    assert decoder.problem == "ends in the middle of an entry"


def test_a_journal_is_known_by_its_first_octets() -> None:
    assert is_journal(entry(CLIENT)[:16])
    assert is_journal(b"__REALTIME_TIMES")
    assert is_journal(b"__SEQNUM=1\n")
    for head in (
        b"",
        b"\n",
        b"__",
        b"__CURSORS",
        b"2026-11-24 10:00",
        b"Nov 24 10:00:00 ",
        b"_PID",
    ):
        assert not is_journal(head)


@pytest.mark.parametrize(
    ("journal", "problem", "lines"),
    [
        (entry(CLIENT)[:-1], "", 1),  # only the empty line is missing
        (entry(CLIENT)[:-3], "ends in the middle of an entry", 0),
        (entry(CLIENT) + entry(CLIENT)[:40], "ends in the middle of an entry", 1),
        (entry(CLIENT) + b"MESSAGE\n\x01", "ends in the middle of an entry", 1),
        (b"what is this?\n\n" + entry(CLIENT), "has a line that is no field", 1),
        (b"MESSAGE\n" + (3).to_bytes(8, "little") + b"abcd\n\n", "has a field that is longer", 0),
    ],
)
def test_what_is_wrong_is_told(journal: bytes, problem: str, lines: int) -> None:
    decoder = Journal()
    given_ = decoder.feed(journal) + decoder.end()
    assert decoder.problem.startswith(problem)
    assert bool(decoder.problem) is bool(problem)
    assert len(given_) == lines


VALUES = st.binary(max_size=30) | st.sampled_from([b"\n", b"\n\n", b"MESSAGE=x\n\n", b"\x00" * 9])
MESSAGES = st.lists(VALUES, max_size=5)


def pieces_of(journal: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(journal) + 1) for cut in cuts})
    return [journal[a:b] for a, b in zip([0, *places], [*places, len(journal)], strict=True)]


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=30), st.booleans())
def test_pieces_never_matter(messages: list[bytes], cuts: list[int], broken: bool) -> None:
    journal = b"".join(entry(message, octets(b"X", message)) for message in messages)
    if broken:
        journal = journal[: len(journal) * 2 // 3]
    whole, pieces = Journal(), Journal()
    lines = [line for piece in pieces_of(journal, cuts) for line in pieces.feed(piece)]
    assert lines + pieces.end() == whole.feed(journal) + whole.end()
    assert pieces.problem == whole.problem


@given(MESSAGES)
def test_each_message_is_one_line(messages: list[bytes]) -> None:
    lines = read(b"".join(map(entry, messages)))
    assert lines == [LINE + message.replace(b"\n", b"#012") for message in messages]
    for line, message in zip(lines, messages, strict=True):
        prefixed = split(line)
        assert prefixed is not None
        assert prefixed.rest == message.replace(b"\n", b"#012")


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_nothing_is_raised(pieces: list[bytes]) -> None:
    decoder = Journal()
    for piece in pieces:
        assert all(b"\n" not in line for line in decoder.feed(piece))
    decoder.end()


def test_a_reader_understands_the_lines() -> None:
    postfix = [CLIENT, b"3F2A01218A: from=<a@example.com>, size=1, nrcpt=1 (queue active)"]
    journal = entry(postfix[0]) + entry(postfix[1], text(b"SYSLOG_IDENTIFIER", b"postfix/qmgr"))
    lines = read(journal)
    assert recognise(lines) is Format.POSTFIX
    reader = reader_for(Format.POSTFIX, Clock(UTC, AT.timestamp()))
    (logged,) = [*reader.read(lines), *reader.end()]
    assert (logged.client, logged.at) == ("192.0.2.10", AT.timestamp())
