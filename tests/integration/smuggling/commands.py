"""Commands within commands: what one reader takes for the end of a line, and another does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.integration.smuggling.case import (
    ALL,
    HELLO,
    NONE,
    QUIT,
    Case,
    envelope,
    hidden,
    in_one,
    top,
)

BREAKS = {
    "lf": b"\n",
    "cr": b"\r",
    "nul": b"\0",
    "lf-nul": b"\n\0",
    "crcrlf": b"\r\r\n",
    "lfcr": b"\n\r",
    "next-line": b"\xc2\x85",
    "line-separator": b"\xe2\x80\xa8",
    "vertical-tab": b"\x0b",
    "8-bit": b"\x8d\x8a",
    "escaped": b"\\r\\n",
    "percent": b"%0d%0a",
    "xtext": b"+0D+0A",
    "quoted-pair": b"\\\n",
}
"""What one reader of a command takes for the end of its line, and another for part of it."""

PLACES = {
    "helo": b"EHLO client.example%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "sender": b"MAIL FROM:<a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "behind-sender": b"MAIL FROM:<a@client.example>%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "recipient": b"RCPT TO:<b@direct.example%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "behind-recipient": b"RCPT TO:<b@direct.example>%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "quoted": b'RCPT TO:<"b%bRCPT TO:<hidden.%b@it.co.za>"@direct.example>\r\n',
    "size": b"MAIL FROM:<a@client.example> SIZE=1%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "auth": b"MAIL FROM:<a@client.example> AUTH=a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "envid": b"MAIL FROM:<a@client.example> ENVID=a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "orcpt": b"RCPT TO:<b@direct.example> ORCPT=rfc822;a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "data": b"DATA%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "noop": b"NOOP a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "vrfy": b"VRFY a%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "rset": b"RSET%bRCPT TO:<hidden.%b@it.co.za>\r\n",
    "quit": b"QUIT%bRCPT TO:<hidden.%b@it.co.za>\r\n",
}


def within_commands() -> Iterator[tuple[str, Case]]:
    """No line with a stray CR or LF is a command; the others are one command, or none."""
    for place, line in PLACES.items():
        for octets_name, octets in BREAKS.items():
            name = f"{place}.{octets_name}"
            broken = re.search(rb"\r(?!\n)|(?<!\r)\n", octets) is not None
            command = line % (octets, name.encode())
            begun = HELLO + (envelope(name) if place in _IN_TRANSACTION else b"")
            rest = envelope(name) if place in _BEFORE_MAIL else b""
            message = b"DATA\r\n" + top(name) + b"visible\r\n.\r\n"
            pieces = (begun + command + rest + message + QUIT,)
            yield name, Case(pieces, NONE if broken else ALL)


_IN_TRANSACTION = ("recipient", "behind-recipient", "quoted", "orcpt", "data", "noop", "vrfy")
_BEFORE_MAIL = ("helo", "sender", "behind-sender", "size", "auth", "envid", "rset", "quit")


LONG = (500, 1000, 4089, 4096, 5000, 70_000)


def long_commands() -> Iterator[tuple[str, Case]]:
    """The hidden command stands where a reader with a smaller buffer would begin anew."""
    for length in LONG:
        for head in (b"EHLO ", b"MAIL FROM:<", b"NOOP "):
            name = f"long-{length}.{head[:4].decode().lower()}"
            hide = f"\tRCPT TO:<hidden.{name}@it.co.za>".encode()
            line = head + b"x" * (length - len(head)) + hide + b"\r\n"
            pieces = (HELLO + line + envelope(name) + b"DATA\r\n" + top(name) + b".\r\n" + QUIT,)
            yield name, Case(pieces, ALL if len(line) <= 4098 else NONE)


# -- who the client is ------------------------------------------------------------------------

CLAIMS = {
    "xclient": b"XCLIENT ADDR=198.51.100.20 NAME=mx1.clean.example\r\n",
    "xclient-ipv6": b"XCLIENT ADDR=IPV6:::1 LOGIN=root\r\n",
    "xclient-lf": b"NOOP\r\nXCLIENT ADDR=198.51.100.20\r\nEHLO mx1.clean.example\r\n",
    "xforward": b"XFORWARD ADDR=198.51.100.20 NAME=mx1.clean.example\r\n",
    "proxy-v1": b"PROXY TCP4 198.51.100.20 203.0.113.25 4711 25\r\n",
    "etrn": b"ETRN it.co.za\r\n",
    "turn": b"TURN\r\n",
}


def claims() -> Iterator[tuple[str, Case]]:
    """Who claims to be somebody else is still who it was: the guarded mailbox stays shut."""
    for claim, line in CLAIMS.items():
        name = f"claim.{claim}"
        yield name, Case((HELLO + line + hidden(name) + QUIT,), ALL)
        name = f"first.{claim}"
        yield name, Case((line + HELLO + hidden(name) + QUIT,), ALL)
    signature = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x14\xcb\0\x71\x19\0\1\0\x19"
    yield "first.proxy-v2", Case((signature, HELLO, hidden("first.proxy-v2"), QUIT), NONE)
    yield "claim.proxy-v2", Case((HELLO + signature + hidden("claim.proxy-v2"),), NONE)


def within_starttls() -> Iterator[tuple[str, Case]]:
    """What is said in the clear is never taken for something that came within TLS."""
    begun = HELLO + b"STARTTLS\r\n"
    yield "starttls.injected", Case((begun + HELLO + hidden("starttls.injected"),), NONE)
    yield "starttls.one-octet", Case((begun + b"\n", hidden("starttls.one-octet")), NONE)
    yield "starttls.in-the-clear", Case((begun, HELLO + hidden("starttls.in-the-clear")), NONE)
    name = "starttls.in-a-transaction"
    rest = b"STARTTLS\r\nDATA\r\n" + top(name) + b".\r\n" + QUIT
    yield name, in_one(name, rest, ALL)
    name = "starttls.argument"
    yield name, Case((HELLO + b"STARTTLS x\r\n" + hidden(name) + QUIT,), ALL)


GROUPS = (within_commands, long_commands, claims, within_starttls)
