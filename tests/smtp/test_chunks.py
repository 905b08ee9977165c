"""BDAT: chunks as they come, and the one message that leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.smtp.chunks import ChunkReader, Drain, chunk, parse_bdat
from mxward.smtp.commands import CommandError
from mxward.smtp.content import Content, Newlines
from mxward.smtp.data import END, DataReader
from tests.smtp import reference

NUL_MAY_PASS = Content(nul=True)
REJECT = Content(Newlines.REJECT)


# -- the command ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0", (0, False)),
        ("0 LAST", (0, True)),
        ("86 last", (86, True)),
        ("000123  LAST", (123, True)),
        ("9" * 20, (10**20 - 1, False)),
    ],
)
def test_command(text: str, read: tuple[int, bool]) -> None:
    assert parse_bdat(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "LAST",
        "-1",
        "+1",
        "1.0",
        "1_0",
        "0x10",
        "1 2",
        "1LAST",
        "1 LAST LAST",
        "1 LAS",
        "1\tLAST",
        "1 LAST\n",
        "1\n",
        " 1",
        "1 ",
        "9" * 21,
        "\u0661",
        "1 LA\u017fT",
        "LAST 1",
    ],
)
def test_no_command(text: str) -> None:
    with pytest.raises(CommandError) as bad:
        parse_bdat(text)
    assert bytes(bad.value.reply).startswith(b"501 5.5.4 ")


@pytest.mark.parametrize(
    ("block", "last", "sent"),
    [
        (b"", True, b"BDAT 0 LAST\r\n"),
        (b"a\r\n", False, b"BDAT 3\r\na\r\n"),
        (b".\r\n.\r\n", True, b"BDAT 6 LAST\r\n.\r\n.\r\n"),
    ],
)
def test_a_chunk_of_our_own(block: bytes, last: bool, sent: bytes) -> None:
    assert chunk(block, last) == sent


# -- the message ------------------------------------------------------------------------------

# The chunks, what goes through DATA (without the final dot), and what goes through BDAT.
MESSAGES: list[tuple[list[bytes], bytes, bytes]] = [
    ([b""], b"", b""),
    ([b"", b""], b"", b""),
    ([b"a\r\n"], b"a\r\n", b"a\r\n"),
    ([b"a\r\n", b""], b"a\r\n", b"a\r\n"),
    ([b"", b"a\r\n"], b"a\r\n", b"a\r\n"),
    # A last line without its end.
    ([b"a"], b"a\r\n", b"a"),
    ([b"a", b""], b"a\r\n", b"a"),
    ([b"a", b"b"], b"ab\r\n", b"ab"),
    ([b"a\r\nb"], b"a\r\nb\r\n", b"a\r\nb"),
    # A CRLF in two chunks; a CR that stays alone.
    ([b"a\r", b"\n"], b"a\r\n", b"a\r\n"),
    ([b"a\r", b"", b"\nb\r\n"], b"a\r\nb\r\n", b"a\r\nb\r\n"),
    ([b"a\r", b"b\r\n"], b"a b\r\n", b"a b\r\n"),
    ([b"a\r", b"\r\n"], b"a \r\n", b"a \r\n"),
    ([b"a\r\n\r"], b"a\r\n \r\n", b"a\r\n "),
    ([b"a\r\n\r", b""], b"a\r\n \r\n", b"a\r\n "),
    ([b"\r"], b" \r\n", b" "),
    # A stray LF.
    ([b"a\nb"], b"a\r\nb\r\n", b"a\r\nb"),
    ([b"a", b"\n"], b"a\r\n", b"a\r\n"),
    ([b"\n\r\n"], b"\r\n\r\n", b"\r\n\r\n"),
    # Leading dots, wherever the line came from.
    ([b"."], b"..\r\n", b"."),
    ([b".\r\n"], b"..\r\n", b".\r\n"),
    ([b".", b"\r\n"], b"..\r\n", b".\r\n"),
    ([b"", b".\r\n"], b"..\r\n", b".\r\n"),
    ([b"..\r\n"], b"...\r\n", b"..\r\n"),
    ([b".", b"."], b"...\r\n", b".."),
    ([b"a.b\r\n.c\r\n"], b"a.b\r\n..c\r\n", b"a.b\r\n.c\r\n"),
    ([b"a\r\n", b".\r\n"], b"a\r\n..\r\n", b"a\r\n.\r\n"),
    ([b"a\r\n", b"", b".\r\n"], b"a\r\n..\r\n", b"a\r\n.\r\n"),
    ([b"a\r", b"\n.\r", b"\n"], b"a\r\n..\r\n", b"a\r\n.\r\n"),
    ([b"a\r", b".b\r\n"], b"a .b\r\n", b"a .b\r\n"),
    ([b"a\n.\r\n"], b"a\r\n..\r\n", b"a\r\n.\r\n"),
    ([b"a\n", b".\n"], b"a\r\n..\r\n", b"a\r\n.\r\n"),
    ([b"a", b".b\r\n"], b"a.b\r\n", b"a.b\r\n"),
    ([b"a\r\n.\r\nQUIT\r\n"], b"a\r\n..\r\nQUIT\r\n", b"a\r\n.\r\nQUIT\r\n"),
]


def play(
    reader: ChunkReader, chunks: list[bytes], cuts: list[int] | None = None, behind: bytes = b""
) -> bytes:
    """Feed a message, each chunk together with what follows it; return all that leaves."""
    out = b""
    for number, octets in enumerate(chunks, 1):
        assert not reader.ended
        reader.begin(len(octets), number == len(chunks))
        assert (reader.missing, reader.chunk_ended, reader.rest) == (len(octets), False, b"")
        *first, last = list(pieces(octets, cuts or [len(octets) or 1])) or [b""]
        for piece in first:
            out += reader.feed(piece)
            assert (reader.chunk_ended, reader.rest) == (False, b"")
        out += reader.feed(last + behind)
        assert (reader.chunk_ended, reader.missing, reader.rest) == (True, 0, behind)
    assert reader.ended
    return out


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    while data:
        for size in cuts:
            if data:
                yield data[:size]
            data = data[size:]


@pytest.mark.parametrize("behind", [b"", b"\n.\r\n", b"BDAT 0 LAST\r\n"])
@pytest.mark.parametrize("cuts", [None, [1], [2]])
@pytest.mark.parametrize(("chunks", "data", "bdat"), MESSAGES)
def test_message(
    chunks: list[bytes], data: bytes, bdat: bytes, cuts: list[int] | None, behind: bytes
) -> None:
    for stuffed, left in ((True, data), (False, bdat)):
        reader = ChunkReader(Content(), stuffed=stuffed)
        assert play(reader, chunks, cuts, behind) == left
        assert (reader.size, reader.fault) == (len(left), None)


def test_nothing_but_a_cr_is_held_back() -> None:
    reader = ChunkReader(Content(), stuffed=True)
    reader.begin(100, last=False)
    fed = [b"a", b".", b"\r", b"\n", b".", b"\r", b"\r\n", b"\n"]
    left = [b"a", b".", b"", b"\r\n", b"..", b"", b" \r\n", b"\r\n"]
    assert [reader.feed(piece) for piece in fed] == left
    assert (reader.missing, reader.chunk_ended, reader.ended) == (100 - 9, False, False)


BINARY = b"\0\r\n.\r\n\r\r\n\n.\r"


@pytest.mark.parametrize("chunks", [[BINARY], [BINARY, b""], [BINARY, BINARY], [b""]])
@pytest.mark.parametrize("content", [Content(), REJECT])
def test_binary_leaves_as_it_came(chunks: list[bytes], content: Content) -> None:
    reader = ChunkReader(content, stuffed=False, binary=True)
    assert play(reader, chunks, [3], b"QUIT") == b"".join(chunks)
    assert (reader.fault, reader.size) == (None, len(b"".join(chunks)))


def test_binary_does_not_go_through_data() -> None:
    with pytest.raises(ValueError, match="BINARYMIME"):
        ChunkReader(Content(), stuffed=True, binary=True)


@pytest.mark.parametrize(
    ("content", "chunks", "code"),
    [
        (Content(), [b"a\n\r"], None),
        (Content(), [b"a\0"], b"550 5.6.0 "),
        (NUL_MAY_PASS, [b"a\0"], None),
        (REJECT, [b"a\r\n.\r\n"], None),
        (REJECT, [b"a"], None),
        (REJECT, [b"a\r", b"\nb"], None),
        (REJECT, [b"a\n", b"b"], b"550 5.5.2 "),
        (REJECT, [b"a\r", b"b"], b"550 5.5.2 "),
        (REJECT, [b"a\r"], b"550 5.5.2 "),
        (REJECT, [b"a\r", b""], b"550 5.5.2 "),
        (REJECT, [b"\0", b"a\r"], b"550 5.5.2 "),
        (REJECT, [b"a\0"], b"550 5.6.0 "),
        (Content(Newlines.REJECT, nul=True), [b"a\0"], None),
    ],
)
@pytest.mark.parametrize("stuffed", [True, False])
def test_fault(content: Content, chunks: list[bytes], code: bytes | None, stuffed: bool) -> None:
    for cuts in (None, [1]):
        reader = ChunkReader(content, stuffed=stuffed)
        clean = play(ChunkReader(NUL_MAY_PASS, stuffed=stuffed), chunks)
        out = play(reader, chunks, cuts, b"QUIT")
        if code is None:
            assert (out, reader.fault) == (clean, None)
        else:
            assert clean.startswith(out)
            assert bytes(reader.fault or b"").startswith(code)


def test_nothing_leaves_behind_a_fault() -> None:
    reader = ChunkReader(REJECT, stuffed=True)
    reader.begin(4, last=False)
    assert [reader.feed(octet) for octet in (b"a", b"\n", b"b", b"c")] == [b"a", b"", b"", b""]
    reader.begin(1, last=True)
    assert (reader.feed(b"dRSET"), reader.ended, reader.rest) == (b"", True, b"RSET")
    assert reader.size == 1


@pytest.mark.parametrize(
    ("size", "fed", "rests"),
    [
        (0, [b""], [b""]),
        (0, [b"QUIT"], [b"QUIT"]),
        (3, [b"abc"], [b""]),
        (3, [b"abcQUIT"], [b"QUIT"]),
        (3, [b"a", b"", b"b", b"c", b"QUIT"], [b"", b"", b"", b"", b"QUIT"]),
        (4, [b"\r\n.\r\n.\r\n"], [b"\n.\r\n"]),
    ],
)
def test_drain(size: int, fed: list[bytes], rests: list[bytes]) -> None:
    drain, came = Drain(size), 0
    assert drain.done == (size == 0)
    for piece, rest in zip(fed, rests, strict=True):
        assert drain.feed(piece) == rest
        came += len(piece)
        assert drain.done == (came >= size)


# -- laws -------------------------------------------------------------------------------------

TRICKY = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"a", b"\0", b"\r\n.\r\n"]), max_size=8
).map(b"".join)
CHUNKS = st.lists(st.one_of(TRICKY, st.binary(max_size=20)), min_size=1, max_size=5)
CUTS = st.lists(st.integers(1, 9), min_size=1)


@given(CHUNKS, CUTS, st.binary(max_size=9), st.booleans())
def test_where_chunks_and_pieces_end_never_matters(
    chunks: list[bytes], cuts: list[int], behind: bytes, stuffed: bool
) -> None:
    reader = ChunkReader(NUL_MAY_PASS, stuffed=stuffed)
    out = play(reader, chunks, cuts, behind)
    assert out == play(ChunkReader(NUL_MAY_PASS, stuffed=stuffed), [b"".join(chunks)])
    assert reader.size == len(out)


@given(CHUNKS)
def test_what_leaves_is_what_the_reference_says(chunks: list[bytes]) -> None:
    clean = reference.in_crlf(b"".join(chunks))
    assert play(ChunkReader(NUL_MAY_PASS, stuffed=False), chunks) == clean
    out = play(ChunkReader(NUL_MAY_PASS, stuffed=True), chunks)
    if clean and not clean.endswith(b"\r\n"):
        clean += b"\r\n"
    assert reference.unstuffed(out) == clean


@given(CHUNKS)
def test_through_data_it_has_one_end(chunks: list[bytes]) -> None:
    out = play(ChunkReader(NUL_MAY_PASS, stuffed=True), chunks)
    assert reference.behind_data(out + END) == (out, b"")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", out)
    reader = DataReader(REJECT if b"\0" not in out else Content(Newlines.REJECT, nul=True))
    assert (reader.feed(out + END), reader.ended, reader.fault) == (out, True, None)


@given(CHUNKS, CUTS, st.booleans())
def test_faults_do_not_depend_on_pieces(chunks: list[bytes], cuts: list[int], nul: bool) -> None:
    whole = b"".join(chunks)
    for content in (Content(Newlines.REJECT, nul), Content(Newlines.NORMALISE, nul)):
        reader = ChunkReader(content, stuffed=True)
        out = play(reader, chunks, cuts)
        stray = reference.in_crlf(whole) != whole and content.newlines is Newlines.REJECT
        assert (reader.fault is not None) == (stray or (b"\0" in whole and not nul))
        if reader.fault is None:
            assert out == play(ChunkReader(NUL_MAY_PASS, stuffed=True), chunks)
