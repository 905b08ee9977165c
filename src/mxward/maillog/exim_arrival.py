"""An arrival in Exim's log -> what it tells. One regular expression, or it is none."""

from __future__ import annotations

import re
from functools import lru_cache

from mxward.maillog.exim_lines import AMBIGUOUS, ARRIVAL, PASTED, RECIPIENT
from mxward.maillog.logged import Logged, Outcome
from mxward.maillog.octets import address, text

__all__ = [
    "CUT",
    "LONGEST_LINE",
    "Place",
    "arrival",
    "authenticated",
    "cipher_name",
    "connection",
    "told_by_protocol",
]

LONGEST_LINE = 8180
"""Octets; Exim's buffer is 8192. What reaches this may have been cut, 4.96 does so silently."""

CUT = b"<trunc>"
"""What newer ones write there."""

Place = tuple[str | None, str | None, str | None, str | None]
"""A client's name, what it said, its address, and that where it connected to."""
_ACCEPTED = Outcome.ACCEPTED
_PLAIN = {b"smtp", b"esmtp", b"utf8esmtp"}
_AUTHENTICATED = {b"esmtpa", b"esmtpsa", b"essmtpa", b"utf8esmtpa", b"utf8esmtpsa", b"asmtp"}
_NOT_AUTHENTICATED = _PLAIN | {b"smtps", b"esmtps", b"ssmtp", b"essmtp", b"utf8esmtps"}
_WITHOUT_TLS = _PLAIN | {b"esmtpa", b"utf8esmtpa"}
_ESCAPED = re.compile(rb'\\(["\\])')


def arrival(
    line: bytes, begin: int, at: float, host: str | None, message: str, number: int
) -> Logged | None:
    """What stands from `begin` on, after `<=`; None where it is no arrival, or may be forged."""
    cut = len(line) >= LONGEST_LINE or line.endswith(CUT)
    if cut:  # in the middle of a recipient, or of the mark itself
        line = line[: line.rfind(b" ")]
    found = ARRIVAL.match(line, begin) or _pasted(line, begin)
    if found is None:
        return None
    (
        sender, name, helo, client, port, interface, interface_port,
        protocol, cipher, verified, certificate, who, size, subject, recipients,
    ) = found.groups()  # fmt: skip
    if helo is not None and line.find(b") [", found.start(4)) > 0 and AMBIGUOUS.search(line, begin):
        return None
    place = connection(name, name if helo is None else helo, client, interface)
    if place is None or (cut and recipients is None):
        return None
    name_text, helo_text, client_text, interface_text = place
    protocol_text, tls, nobody = told_by_protocol(protocol, cipher)
    told = (
        at,
        _ACCEPTED,
        "exim",
        host,
        message,
        client_text,
        None if port is None else int(port),
        interface_text,
        None if interface_port is None else int(interface_port),
        name_text,
        helo_text,
        protocol_text,
        tls,
        None if certificate is None else text(certificate),
        None if verified is None else verified == b"yes",
        nobody if who is None else authenticated(who),
        "" if sender == b"<>" else str(sender, "utf-8", "backslashreplace"),
        () if recipients is None else _recipients(recipients),
        int(size),
        None if subject is None else _subject(subject),
        None,
        None,
        number,
        cut,
    )
    return tuple.__new__(Logged, told)  # by name it takes half a microsecond more


def _pasted(line: bytes, begin: int) -> re.Match[bytes] | None:
    return None if b'"' in line or b"\xe2\x80" not in line else PASTED.match(line, begin)


@lru_cache(maxsize=1 << 14)
def connection(
    name: bytes | None, helo: bytes | None, client: bytes | None, interface: bytes | None
) -> Place | None:
    """The same as texts; None where an address is none."""
    if client is None:
        return None, None, None, None
    client_text = address(client)
    if client_text is None:
        return None
    name_text = None if name is None else str(name, "utf-8", "backslashreplace")
    helo_text = name_text
    if helo is not name:
        helo_text = None if helo is None else str(helo, "utf-8", "backslashreplace")
    if interface is None:
        return name_text, helo_text, client_text, None
    interface_text = address(interface)
    if interface_text is None:
        return None
    return name_text, helo_text, client_text, interface_text


@lru_cache(maxsize=1024)
def cipher_name(octets: bytes) -> str:
    """Without the asterisk that says that the TLS session was resumed."""
    return text(octets).removesuffix("*")


def authenticated(who: bytes) -> str:
    """As whom: the id where there is one (`authenticator:id:sender`), else how."""
    how, _, rest = who.partition(b":")
    return text(rest.partition(b":")[0] or how)


@lru_cache(maxsize=1024)
def told_by_protocol(protocol: bytes, cipher: bytes | None) -> tuple[str, str | None, str | None]:
    """Its name, the cipher, and what it says of a user where none is logged."""
    tls = "" if protocol in _WITHOUT_TLS else None
    if cipher is not None:
        tls = cipher_name(cipher)
    if protocol in _NOT_AUTHENTICATED:
        return text(protocol), tls, ""
    return text(protocol), tls, "(not told)" if protocol in _AUTHENTICATED else None


def _recipients(octets: bytes) -> tuple[str, ...]:
    if b" " not in octets:
        return (str(octets, "utf-8", "backslashreplace"),)
    if b'"' in octets:
        return tuple(dict.fromkeys(map(text, RECIPIENT.findall(octets))))
    return tuple(dict.fromkeys(text(octets).split(" ")))


def _subject(quoted: bytes) -> str:
    if b"\\" in quoted:
        quoted = _ESCAPED.sub(rb"\1", quoted)
    return str(quoted, "utf-8", "backslashreplace")
