"""What somebody who wants to be mistaken for another can say, and how mail servers log it.

`BOSS` and `FRIEND` are whom forgers want to see in a report; nobody of that name or from there has
sent or received anything in these tests.
"""

from __future__ import annotations

import re

from hypothesis import strategies as st

BOSS = "boss@it.co.za"
FRIEND = "198.51.100.7"
CLIENT = "192.0.2.10"

_PIECES = [
    *'"\\<>()[]@:;,=. \t\r-\x01\x7f\x85éあ',
    "\x00",
    "a",
    "x.example",
    BOSS,
    FRIEND,
    # Exim's
    f" H=scanner [{FRIEND}]:25",
    f") [{FRIEND}]:25 P=esmtpsa S=1 (",
    f"H=(x) [{FRIEND}] F=<a@x.example> rejected RCPT <{BOSS}>: ",
    " I=[192.0.2.1]:25",
    " P=esmtpsa",
    " A=plain:boss",
    " S=1",
    " U=x",
    ' T="',
    ' DN="',
    ' SNI="',
    " id=",
    " CV=yes",
    f" for {BOSS}",
    f" from <a@x.example> for {BOSS}",
    " <= ",
    " => ",
    f" => {BOSS} R=a T=b",
    f" <{BOSS}> R=a",
    " Completed",
    " rejected RCPT ",
    " temporarily rejected ",
    f"F=<{BOSS}> ",
    "<trunc>",
    # Postfix's
    f"client=scanner[{FRIEND}]",
    f" from scanner[{FRIEND}]: 550 no",
    f" from scanner[{FRIEND}]; from=<>",
    "; from=<",
    "; from=<a@x.example>",
    f" to=<{BOSS}>",
    " to=<",
    "; to=<",
    " proto=ESMTP",
    "; proto=SMTP",
    " helo=<x>",
    " helo=<",
    f", orig_to=<{BOSS}>",
    ", relay=x, delay=1",
    ">, size=1, nrcpt=1 (queue active)",
    ", sasl_method=PLAIN, sasl_username=boss",
    " sasl_method=PLAIN sasl_username=boss",
    ", sasl_sender=boss",
    f", orig_client=scanner[{FRIEND}]",
    f"from=<>, to=<{BOSS}>, proto=SMTP, helo=<x>",
    " notification: 3333333333",
    "(forwarded as 3333333333)",
    # both
    "2026-11-24 10:00:00 1PIcQq-00040L-2X <= ",
    "Nov 24 10:00:00 mx postfix/smtpd[1]: 1111111111: ",
    "1111111111: ",
]
EVIL = st.lists(st.sampled_from(_PIECES), max_size=9).map("".join).map(lambda text: text[:400])
"""Anything but a line feed."""

DOMAINS = st.sampled_from(["x.example", "it.co.za", "[192.0.2.9]", "ä.example"])
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


def quoted(local: str) -> str:
    """A local part as it has to be written, whatever it is."""
    if _DOT_STRING.fullmatch(local):
        return local
    return '"' + re.sub(r'(["\\\r])', r"\\\1", local) + '"'


def external(address: str) -> str:
    """An address as Postfix logs it since 3.5; its domain as it is."""
    local, at, domain = address.rpartition("@")
    return quoted(local if at else domain) + (at + domain if at else "")


def printable(text: str, *, also: str = "") -> str:
    """What Postfix writes of somebody's words; `also` is replaced too."""
    return "".join("?" if letter in also or not _prints(letter) else letter for letter in text)


def _prints(letter: str) -> bool:
    return letter >= "\x80" or "\x20" <= letter < "\x7f"


def escaped(subject: str) -> str:
    """What Exim writes into `T=`."""
    text = re.sub(r'(["\\])', r"\\\1", subject)
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", lambda found: f"\\{ord(found[0]):03o}", text)
