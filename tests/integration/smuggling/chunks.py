"""BDAT: look-alikes within chunks and across their borders, wrong sizes, and wrong orders."""

from __future__ import annotations

from collections.abc import Iterator

from tests.integration.smuggling.case import (
    ALL,
    END,
    HELLO,
    NONE,
    QUIT,
    Case,
    Taken,
    as_chunks,
    hidden,
    in_one,
    one,
    plus,
    top,
)
from tests.integration.smuggling.ends import LOOKALIKES, MESSAGES


def by_chunks() -> Iterator[tuple[str, Case]]:
    for name, message in MESSAGES.items():
        whole = f"chunk.{name}"
        yield whole, in_one(whole, as_chunks(message + b".\r\n") + QUIT, one(message))
    for look, octets in LOOKALIKES.items():
        for cut in range(len(octets) + 1):
            name = f"chunks-{cut}.{look}"
            before = top(name) + b"visible" + octets[:cut]
            behind = octets[cut:] + hidden(name)
            yield name, in_one(name, as_chunks(before, b"", behind) + QUIT, one(before + behind))


def behind_chunks() -> Iterator[tuple[str, Case]]:
    """A chunk ends where a look-alike does: what follows it is commands."""
    for look, octets in {**LOOKALIKES, "true": END, "dot": b"\r\n.", "cr": b"\r"}.items():
        name = f"behind-last.{look}"
        message = top(name) + b"visible" + octets
        yield name, in_one(name, as_chunks(message) + hidden(name) + QUIT, plus(one(message), 1))
        name = f"behind-chunk.{look}"
        message = top(name) + b"visible" + octets
        rest = b"BDAT %d\r\n" % len(message) + message + hidden(name) + QUIT
        yield name, in_one(name, rest, NONE)
    name = "behind-last.half-a-crlf"
    message = top(name) + b"visible\r\n.\r"
    rest = as_chunks(message) + b"\n" + hidden(name)
    yield name, in_one(name, rest, one(message))  # a line that begins with LF ends the session


SIZES = {
    "five-of-more": (b"BDAT 5 LAST\r\n", 2),
    "zero": (b"BDAT 0 LAST\r\n", 2),
    "lower-case": (b"bdat 5 last\r\n", 2),
    "zeros": (b"BDAT 00000000000000000005 LAST\r\n", 2),
    "spaces": (b"BDAT  5  LAST  \r\n", 2),
    "last-twice": (b"BDAT 5 LAST LAST\r\n", 0),
    "last-first": (b"BDAT LAST 5\r\n", 0),
    "none": (b"BDAT LAST\r\n", 0),
    "nothing": (b"BDAT\r\n", 0),
    "negative": (b"BDAT -5 LAST\r\n", 0),
    "plus": (b"BDAT +5 LAST\r\n", 0),
    "hexadecimal": (b"BDAT 0x5 LAST\r\n", 0),
    "octal": (b"BDAT 0o5 LAST\r\n", 0),
    "fraction": (b"BDAT 5.0 LAST\r\n", 0),
    "exponent": (b"BDAT 5e0 LAST\r\n", 0),
    "underscore": (b"BDAT 1_0 LAST\r\n", 0),
    "two-numbers": (b"BDAT 5 6 LAST\r\n", 0),
    "comma": (b"BDAT 5,LAST\r\n", 0),
    "tab": (b"BDAT 5\tLAST\r\n", 0),
    "other-digits": ("BDAT \u0665 LAST\r\n".encode(), 0),
    "nul": (b"BDAT 5\0LAST\r\n", 0),
    "cr": (b"BDAT 5\rLAST\r\n", 0),
    "lf": (b"BDAT 5 LAST\n", 0),
    "long-s": ("BDAT 5 LA\u017fT\r\n".encode(), 0),
    "32-bit": (b"BDAT 4294967301 LAST\r\n", 0),
    "64-bit": (b"BDAT 18446744073709551621 LAST\r\n", 0),
    "21-digits": (b"BDAT 100000000000000000005 LAST\r\n", 0),
    "2-GB": (b"BDAT 2147483653 LAST\r\n", 0),
    "signed": (b"BDAT -4294967291 LAST\r\n", 0),
}
"""What a chunk of five octets may be called, and how many messages follow from it: its own and what
stands behind it, or none where nobody knows what is meant."""


def wrong_sizes() -> Iterator[tuple[str, Case]]:
    for size, (line, taken) in SIZES.items():
        name = f"size.{size}"
        body = b"" if size == "zero" else b"a: bc"
        yield name, in_one(name, line + body + hidden(name) + QUIT, Taken(taken, taken, taken))
    name = "size.too-large"
    rest = b"BDAT 4000 LAST\r\n" + top(name) + b"visible\r\n" + hidden(name) + QUIT
    yield name, in_one(name, rest, NONE)
    name = "size.one-more"
    message = top(name) + b"visible\r\n"
    rest = b"BDAT %d LAST\r\n" % (len(message) + 1) + message + hidden(name) + QUIT
    yield name, in_one(name, rest, ALL)  # MAIL has lost its first letter


ORDERS = {
    "last-twice": (b"BDAT 4 LAST\r\na: bBDAT 4 LAST\r\nc: d", 1),
    "data-amid": (b"BDAT 4\r\na: bDATA\r\nc: d\r\n.\r\nBDAT 0 LAST\r\n", 1),
    "data-then-chunk": (b"DATA\r\na: b\r\nBDAT 4 LAST\r\nc: d\r\n.\r\n", 1),
    "chunk-behind-data": (b"DATA\r\na: b\r\n.\r\nBDAT 4 LAST\r\nc: d", 1),
    "mail-amid": (b"BDAT 4\r\na: bMAIL FROM:<hidden@x.example>\r\nBDAT 0 LAST\r\n", 1),
    "rcpt-amid": (b"BDAT 4\r\na: bRCPT TO:<hidden.rcpt@direct.example>\r\nBDAT 0 LAST\r\n", 1),
    "guarded-amid": (b"BDAT 4\r\na: bRCPT TO:<hidden.rcpt@it.co.za>\r\nBDAT 0 LAST\r\n", 1),
    "rset-amid": (b"BDAT 4\r\na: bRSET\r\nBDAT 4 LAST\r\nc: d", 0),
    "ehlo-amid": (b"BDAT 4\r\na: bEHLO client.example\r\nBDAT 4 LAST\r\nc: d", 0),
    "starttls-amid": (b"BDAT 4\r\na: bSTARTTLS\r\nBDAT 4 LAST\r\nc: d", 1),
    "quit-amid": (b"BDAT 4\r\na: bQUIT\r\nBDAT 4 LAST\r\nc: d", 0),
    "no-last": (b"BDAT 4\r\na: bBDAT 0\r\n", 0),
    "cut-off": (b"BDAT 9 LAST\r\na: b", 0),
    "binary": (b"RSET\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<b@direct.example>\r\n", 0),
}


def wrong_orders() -> Iterator[tuple[str, Case]]:
    for order, (rest, taken) in ORDERS.items():
        name = f"order.{order}"
        more = b"" if order in ("no-last", "cut-off") else QUIT
        yield name, in_one(name, rest + more, Taken(taken, taken, taken))
    name = "order.nobody"
    refused = b"MAIL FROM:<a@client.example>\r\nRCPT TO:<order.nobody@it.co.za>\r\n"
    chunk = as_chunks(top(name) + hidden(name))
    yield name, Case((HELLO + refused + chunk + b"DATA\r\n" + QUIT,), NONE)
    name = "order.no-envelope"
    yield name, Case((HELLO + as_chunks(hidden(name)) + b"DATA\r\n" + QUIT,), NONE)


GROUPS = (by_chunks, behind_chunks, wrong_sizes, wrong_orders)
