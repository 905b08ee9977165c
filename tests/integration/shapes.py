"""Messages of the shapes that get lost on the way, and what a mailbox holds of them."""

from __future__ import annotations

import re

__all__ = ["SHAPES", "as_sent"]

_HEADER = (
    b"Date: Wed, 17 Nov 2010 09:28:01 +0000\r\n"
    b"From: sender@client.example\r\n"
    b"To: you@it.co.za\r\n"
    b"Message-ID: <shape@client.example>\r\n"
    b"Subject: a shape\r\n"
)

SHAPES: dict[str, bytes] = {
    "plain": _HEADER + b"\r\nhello\r\n",
    "empty": _HEADER + b"\r\n",
    "header": b"Subject: no more than this\r\n\r\nhello\r\n",
    "dots": _HEADER + b"\r\n.\r\n..\r\n.x\r\n\r\n.\r\n. \r\nx.\r\n.",
    "unended": _HEADER + b"\r\nno line end",
    "long": _HEADER + b"\r\n" + b"x" * 100_000 + b"\r\n.\r\n" + b".y" * 50_000 + b"\r\n",
    "8-bit": _HEADER + "\r\nK\u00fcche, \u20ac\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "3-mb": _HEADER + b"\r\n" + b"".join(b"%06d %s\r\n" % (n, b"." * 70) for n in range(40_000)),
}

_TRACE = re.compile(
    rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Envelope-To|Received): "
    rb"[^\n]*\n(?:[ \t][^\n]*\n)*)+",
    re.IGNORECASE,
)


def as_sent(raw: bytes) -> bytes:
    """A message in a mailbox without the trace headers on top."""
    trace = _TRACE.match(raw)
    assert trace is not None
    return raw[trace.end() :]
