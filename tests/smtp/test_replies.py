"""Replies: what the reader takes, what it refuses, and how ours are written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mxward.smtp import ProtocolError
from mxward.smtp.replies import MAX_LINE, MAX_LINES, Reply, ReplyReader, reply

TAKEN: list[tuple[bytes, list[Reply]]] = [
    (b"", []),
    (b"250 o", []),
    (b"250 ok\r", []),
    (b"250 ok\r\n", [Reply(250, (b"ok",))]),
    (b"250\r\n", [Reply(250, (b"",))]),
    (b"250 \r\n", [Reply(250, (b"",))]),
    (b"250-\r\n250\r\n", [Reply(250, (b"", b""))]),
    (b"250-a\r\n", []),
    (b"250-a\r\n250-b\r\n250 c\r\n", [Reply(250, (b"a", b"b", b"c"))]),
    (b"220 a\r\n354 b\r\n599 c", [Reply(220, (b"a",)), Reply(354, (b"b",))]),
    (b"250 \xff\x1b[31m\r\n", [Reply(250, (b"\xff\x1b[31m",))]),
    (b"250 " + b"x" * (MAX_LINE - 4) + b"\r\n", [Reply(250, (b"x" * (MAX_LINE - 4),))]),
    (b"250-x\r\n" * (MAX_LINES - 1) + b"250 x\r\n", [Reply(250, (b"x",) * MAX_LINES)]),
]

REFUSED = [
    b"\r\n",
    b"25\r\n",
    b"2500 ok\r\n",
    b"250ok\r\n",
    b"250\tok\r\n",
    b" 250 ok\r\n",
    b"199 ok\r\n",
    b"600 ok\r\n",
    b"2x0 ok\r\n",
    b"ok\r\n",
    b"250 a\nb\r\n",
    b"250 a\rb\r\n",
    b"250 a\r\r\n",
    b"250 a\n\r\n",
    b"250 a\x00b\r\n",
    b"250-a\r\n251 b\r\n",
    b"250-a\r\n354-b\r\n",
    "\u0662\u0665\u0660 ok\r\n".encode(),
    b"250 " + b"x" * (MAX_LINE - 3) + b"\r\n",
    b"x" * (MAX_LINE + 2),
    b"250-x\r\n" * MAX_LINES + b"250 x\r\n",
]


Read = Callable[[bytes], list[Reply]]


def whole(data: bytes) -> list[Reply]:
    return list(ReplyReader().feed(data))


def bytewise(data: bytes) -> list[Reply]:
    reader = ReplyReader()
    return [found for n in range(len(data)) for found in reader.feed(data[n : n + 1])]


@pytest.mark.parametrize("read", [whole, bytewise])
@pytest.mark.parametrize(("data", "replies"), TAKEN)
def test_taken(data: bytes, replies: list[Reply], read: Read) -> None:
    assert read(data) == replies


@pytest.mark.parametrize("read", [whole, bytewise])
@pytest.mark.parametrize("data", REFUSED)
def test_refused(data: bytes, read: Read) -> None:
    with pytest.raises(ProtocolError):
        read(data)


def test_what_stood_before_garbage_is_heard() -> None:
    replies = ReplyReader().feed(b"250 queued\r\ngarbage\r\n250 never\r\n")
    assert next(replies) == reply(250, "queued")
    with pytest.raises(ProtocolError, match="garbage"):
        next(replies)


@pytest.mark.parametrize(
    ("code", "lines", "written"),
    [
        (250, ["ok"], b"250 ok\r\n"),
        (250, [""], b"250 \r\n"),
        (550, ["a", "b", "\u00e9"], "550-a\r\n550-b\r\n550 \u00e9\r\n".encode()),
    ],
)
def test_written(code: int, lines: list[str], written: bytes) -> None:
    assert bytes(reply(code, *lines)) == written
    assert whole(written) == [reply(code, *lines)]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (b"4.3.2 too busy", b"4.3.2 too busy"),
        (b"5.3.2 too busy", b"4.3.2 too busy"),
        (b"2.0.0 x", b"4.0.0 x"),
        (b"5 apples", b"5 apples"),
        (b"see 5.3.2 there", b"see 5.3.2 there"),
        (b"", b""),
    ],
)
def test_another_code_for_the_same_text(text: bytes, changed: bytes) -> None:
    assert Reply(421, (text, text)).with_code(451) == Reply(451, (changed, changed))


def test_a_log_shows_the_first_line() -> None:
    assert str(Reply(550, (b"a\xff", b"b"))) == r"550 a\xff"
