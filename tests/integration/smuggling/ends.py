"""What some server once took for the end of a message, and where it can stand."""

from __future__ import annotations

from collections.abc import Iterator

from tests.integration.smuggling.case import (
    ALL,
    END,
    HELLO,
    NONE,
    QUIT,
    Case,
    envelope,
    hidden,
    in_one,
    one,
    plus,
    top,
)

LOOKALIKES: dict[str, bytes] = {
    "lf": b"\n.\n",
    "cr": b"\r.\r",
    "cr-lf": b"\r.\n",
    "lf-cr": b"\n.\r",
    "lf-crlf": b"\n.\r\n",
    "crlf-lf": b"\r\n.\n",
    "cr-crlf": b"\r.\r\n",
    "crlf-cr": b"\r\n.\r",
    "crcrlf": b"\r\r\n.\r\r\n",
    "crlf-crcrlf": b"\r\n.\r\r\n",
    "crlf-cr-text": b"\r\n.\rx\r\n",
    "lflf-crlf": b"\n\n.\r\n",
    "lfcr": b"\n\r.\n\r",
    "lfcr-crlf": b"\n\r.\r\n",
    "crlf-lfcrlf": b"\r\n.\n\r\n",
    "nul-before": b"\r\n\0.\r\n",
    "nul-after": b"\r\n.\0\r\n",
    "nul-within-first": b"\r\0\n.\r\n",
    "nul-within-last": b"\r\n.\r\0\n",
    "nul-lf": b"\r\n\0.\n",
    "nul-cr": b"\r\n\0.\r",
    "nul-everywhere": b"\0\r\0\n\0.\0\r\0\n\0",
    "space-before": b"\r\n .\r\n",
    "space-after": b"\r\n. \r\n",
    "tab-after": b"\r\n.\t\r\n",
    "backspace": b"\r\nx\b.\r\n",
    "rubout": b"\r\n.\x7f\r\n",
    "stuffed": b"\r\n..\r\n",
    "stuffed-lf": b"\n..\n",
    "stuffed-half": b"\r\n..\n.\n",
    "vertical-tab": b"\x0b.\x0b",
    "form-feed": b"\x0c.\x0c",
    "next-line": b"\x85.\x85",
    "line-separator": b"\xe2\x80\xa8.\xe2\x80\xa8",
    "eighth-bit": b"\x8d\x8a\xae\x8d\x8a",
    "eighth-bit-dot": b"\r\n\xae\r\n",
    "behind-8-bit": b"\xc3\xa9\xff\n.\r\n",
    "utf-16": "\r\n.\r\n".encode("utf-16-be"),
}
"""What some server once took for the end of a message, and others did not."""


def messages() -> Iterator[tuple[str, bytes]]:
    """A message with hidden mail behind each look-alike; the hidden end is the true one."""
    for look, octets in LOOKALIKES.items():
        name = f"middle.{look}"
        yield name, top(name) + b"visible" + octets + hidden(name)
    for look, octets in LOOKALIKES.items():
        name = f"start.{look}"
        yield name, octets + hidden(name)
    bare = (b".\n", b".\r", b".\0\r\n", b". \r\n", b"..\r\n", b".\r\r\n", b".\n.\n", b"\0.\r\n")
    for number, octets in enumerate(bare):
        name = f"bare-start.{number}"
        yield name, octets + hidden(name)


MESSAGES = {name: message.removesuffix(END) + b"\r\n" for name, message in messages()}
"""Messages without their ends."""


def by_data() -> Iterator[tuple[str, Case]]:
    for name, message in MESSAGES.items():
        yield name, in_one(name, b"DATA\r\n" + message + b".\r\n" + QUIT, one(message))
    for look, octets in LOOKALIKES.items():
        name = f"split.{look}"
        message = top(name) + b"visible" + octets + hidden(name)[: -len(END)] + b"\r\n"
        at = message.index(octets)
        cuts = [message[:at], *(bytes([octet]) for octet in octets), message[at + len(octets) :]]
        first = HELLO + envelope(name) + b"DATA\r\n"
        yield name, Case((first, *cuts, b".\r\n" + QUIT), one(message))
    for look in ("lf-crlf", "crlf-lf", "crlf-cr", "crcrlf", "nul-before", "stuffed"):
        for before in range(len(LOOKALIKES[look]) + 1):
            name = f"border-{before}.{look}"
            padding = b"x" * 70 + b"\r\n"
            text = (top(name) + padding * 1000)[: (1 << 16) - before]
            message = text + LOOKALIKES[look] + hidden(name)[: -len(END)] + b"\r\n"
            yield name, in_one(name, b"DATA\r\n" + message + b".\r\n" + QUIT, one(message))


def true_ends() -> Iterator[tuple[str, Case]]:
    """What is no look-alike: behind it commands are commands, and decided on."""
    ends = {"plain": END, "behind-cr": b"\r" + END, "behind-lf": b"\n" + END, "twice": END * 2}
    for kind, octets in ends.items():
        name = f"true-end.{kind}"
        stray = one(octets[: -len(END)])
        rest = b"DATA\r\n" + top(name) + b"visible" + octets + hidden(name) + QUIT
        yield name, in_one(name, rest, plus(stray, 1))
    name = "true-end.empty"
    yield name, in_one(name, b"DATA\r\n.\r\n" + hidden(name) + QUIT, plus(ALL, 1))
    name = "true-end.split"
    pieces = (bytes([octet]) for octet in END)
    first = HELLO + envelope(name) + b"DATA\r\n" + top(name) + b"visible"
    yield name, Case((first, *pieces, hidden(name), QUIT), plus(ALL, 1))
    name = "no-end"
    yield name, in_one(name, b"DATA\r\n" + top(name) + b"visible\r\n.\r", NONE)


GROUPS = (by_data, true_ends)
