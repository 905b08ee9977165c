"""The top of a message: where it ends, and the Message-ID in it."""

from __future__ import annotations

import pytest

from mxward.smtp.headers import HeaderWatch

MESSAGES: list[tuple[bytes, bytes, bytes]] = [  # the message, its header, its Message-ID
    (b"Message-ID: <1@a>\r\n\r\nbody\r\n", b"Message-ID: <1@a>\r\n", b"<1@a>"),
    (b"Message-ID: <1@a>\r\n\r\n", b"Message-ID: <1@a>\r\n", b"<1@a>"),
    (b"Message-ID: <1@a>\r\n", b"Message-ID: <1@a>\r\n", b"<1@a>"),
    (b"To: b\r\nmessage-id:<1@a> \r\n\r\n", b"To: b\r\nmessage-id:<1@a> \r\n", b"<1@a>"),
    (b"Message-Id:\r\n\t<1@a>\r\n\r\n", b"Message-Id:\r\n\t<1@a>\r\n", b"<1@a>"),
    (b"Message-ID: \r\nTo: b\r\n\r\n", b"Message-ID: \r\nTo: b\r\n", b""),
    (b"X-Message-ID: <1@a>\r\n\r\n", b"X-Message-ID: <1@a>\r\n", b""),
    (
        b"To: b\r\n Message-ID: <1@a>\r\nMessage-ID: <2@a>\r\nMessage-ID: <3@a>\r\n\r\n",
        b"To: b\r\n Message-ID: <1@a>\r\nMessage-ID: <2@a>\r\nMessage-ID: <3@a>\r\n",
        b"<2@a>",
    ),
    (b"To: b\r\n\r\nMessage-ID: <1@a>\r\n\r\n", b"To: b\r\n", b""),
    (b"\r\nMessage-ID: <1@a>\r\n\r\n", b"", b""),
    (b"", b"", b""),
    (b"no header at all\r\n", b"no header at all\r\n", b""),
    (b"\xff\x00\r\n\r\n", b"\xff\x00\r\n", b""),
    (b"A: " + b"x" * 70_000, b"A: " + b"x" * (65_536 - 3), b""),
    (b"A: x\r\n" * 20_000 + b"Message-ID: <1@a>\r\n\r\n", (b"A: x\r\n" * 20_000)[:65_536], b""),
]


@pytest.mark.parametrize(("message", "header", "message_id"), MESSAGES)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1_000_000])
def test_it_becomes_whole_once(message: bytes, header: bytes, message_id: bytes, size: int) -> None:
    watch = HeaderWatch()
    whole = sum(watch.feed(message[n : n + size]) for n in range(0, len(message), size))
    whole += watch.finish()
    assert (whole, watch.finish(), watch.feed(b"more")) == (1, False, False)
    assert (watch.header, watch.message_id) == (header, message_id)
