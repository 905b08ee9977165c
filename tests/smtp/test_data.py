"""The stream behind DATA: a table of what comes and what leaves."""

from __future__ import annotations

import pytest

from mxward.smtp.content import Content, Newlines
from mxward.smtp.data import END, DataReader

# What the client sends, what goes upstream (without the final dot), what comes behind the end.
ENDED: list[tuple[bytes, bytes, bytes]] = [
    (b".\r\n", b"", b""),
    (b"a\r\n.\r\n", b"a\r\n", b""),
    (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
    (b".\r\n.\r\n", b"", b".\r\n"),
    (b"\r\n.\r\n", b"\r\n", b""),
    (b"..\r\n.\r\n", b"..\r\n", b""),
    (b".a\r\n.\r\n", b".a\r\n", b""),
    (b"a.\r\n.\r\n", b"a.\r\n", b""),
    (b"\x00\r\n.\r\n", b"\x00\r\n", b""),
    (b"\xff" * 70_000 + b"\r\n.\r\n", b"\xff" * 70_000 + b"\r\n", b""),
    # Stray line ends become canonical.
    (b"a\nb\r\n.\r\n", b"a\r\nb\r\n", b""),
    (b"a\rb\r\n.\r\n", b"a b\r\n", b""),
    (b"a\r\r\n.\r\n", b"a \r\n", b""),
    (b"\n\r\r\n.\r\n", b"\r\n \r\n", b""),
    # A dot that stands alone only between stray line ends ends nothing, for nobody.
    (b".\n.\r\n.\r\n", b"..\r\n..\r\n", b""),
    (b"\n.\r\n.\r\n", b"\r\n..\r\n", b""),
    (b"\n.\n.\r\n.\r\n", b"\r\n..\r\n..\r\n", b""),
    (b"a\r\n.\n\r\n.\r\n", b"a\r\n..\r\n\r\n", b""),
    (b"a\n.\r\n\r\n.\r\n", b"a\r\n..\r\n\r\n", b""),
    (b"a\r.\r\n\r\n.\r\n", b"a .\r\n\r\n", b""),
    (b"a\r\n.\r\r\n\r\n.\r\n", b"a\r\n. \r\n\r\n", b""),
    (b"a\r\n.\rb\r\n.\r\n", b"a\r\n. b\r\n", b""),
    (b"a\r\n\x00.\r\n.\r\n", b"a\r\n\x00.\r\n", b""),
    (b"a\n..\r\n.\r\n", b"a\r\n..\r\n", b""),
]


NUL_MAY_PASS = Content(nul=True)


def play(*pieces: bytes, content: Content = NUL_MAY_PASS) -> tuple[bytes, bytes, DataReader]:
    """What went upstream, what was not taken, and the reader."""
    reader = DataReader(content)
    out, rest = b"", b""
    for piece in pieces:
        if reader.ended:
            rest += piece
        else:
            out += reader.feed(piece)
    return out, reader.rest + rest, reader


@pytest.mark.parametrize(("came", "left", "rest"), ENDED)
def test_ended(came: bytes, left: bytes, rest: bytes) -> None:
    out, behind, reader = play(came)
    assert (out, behind, reader.ended, reader.size) == (left, rest, True, len(left))
    assert reader.strays == (left + END + rest != came)


@pytest.mark.parametrize(("came", "left", "rest"), ENDED)
def test_cut_anywhere(came: bytes, left: bytes, rest: bytes) -> None:
    for cut in range(min(len(came), 50)):
        out, behind, reader = play(came[:cut], came[cut:])
        assert (out, behind, reader.ended) == (left, rest, True), cut


@pytest.mark.parametrize(
    ("came", "left"),
    [
        (b"", b""),
        (b".", b""),
        (b".\r", b""),
        (b".\n", b".."),
        (b"a", b"a"),
        (b"a\r", b"a"),
        (b"a\r\n", b"a"),
        (b"a\r\n.", b"a"),
        (b"a\r\n.\r", b"a"),
        (b"a\r\n.\rb", b"a\r\n. b"),
        (b"a\n.\r", b"a"),
        (b"a\n.\r\n", b"a\r\n.."),
        (b"a\n.\n", b"a\r\n.."),
    ],
)
def test_not_ended(came: bytes, left: bytes) -> None:
    """What could still become an end is held back, and nothing else."""
    out, behind, reader = play(came)
    assert (out, behind, reader.ended) == (left, b"", False)


# -- what is rejected -------------------------------------------------------------------------

STRAY, NUL = 5, 6  # the second figure of the enhanced code
REJECT = Content(Newlines.REJECT)
REJECT_BUT_NUL = Content(Newlines.REJECT, nul=True)


@pytest.mark.parametrize(
    ("content", "came", "found"),
    [
        (Content(), b"a\r\n", None),
        (Content(), b"a\nb\rc\n.\n\r\n", None),
        (Content(), b"a\0\r\n", NUL),
        (Content(), b"a\n\0\r\n", NUL),
        (NUL_MAY_PASS, b"a\n\0\r\n", None),
        (REJECT, b"", None),
        (REJECT, b"\r\n", None),
        (REJECT, b"a\r\n..\r\n.b\r\n", None),
        (REJECT, b"a\n\r\n", STRAY),
        (REJECT, b"a\r\r\n", STRAY),
        (REJECT, b"\n", STRAY),
        (REJECT, b"a\n.\n\r\n", STRAY),
        (REJECT, b"a\r\n.\n\r\n", STRAY),
        (REJECT, b"\0\r\n", NUL),
        (REJECT, b"\0\n\r\n", STRAY),
        (REJECT, b"\n\0\r\n", STRAY),
        (REJECT_BUT_NUL, b"a\0\r\n", None),
        (REJECT_BUT_NUL, b"a\0\rb\r\n", STRAY),
    ],
)
def test_fault(content: Content, came: bytes, found: int | None) -> None:
    """The reply to a fault does not depend on how it came, and it is read to its end."""
    came += b"\r\n.\r\nQUIT"
    clean, _, _ = play(came)
    for cut in range(len(came) + 1):
        out, rest, reader = play(came[:cut], came[cut:], content=content)
        assert (reader.ended, rest) == (True, b"QUIT")
        if found is None:
            assert (out, reader.fault) == (clean, None)
        else:
            assert clean.startswith(out)
            assert reader.fault is not None
            assert bytes(reader.fault).startswith(b"550 5.%d." % found)


def test_nothing_leaves_behind_a_fault() -> None:
    reader = DataReader(REJECT)
    assert reader.feed(b"a\r\nb") == b"a\r\nb"
    assert reader.feed(b"c\nd") == b""
    assert reader.feed(b"e\r\n") == b""
    assert (reader.feed(b".\r\nRSET"), reader.ended, reader.rest) == (b"", True, b"RSET")
    assert reader.size == 4
