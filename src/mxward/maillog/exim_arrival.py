"""An arrival in Exim's log -> what it tells. One regular expression, or it is none."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

from mxward.maillog.exim_lines import AMBIGUOUS, ARRIVAL, PASTED, RECIPIENT
from mxward.maillog.logged import Logged, Outcome

__all__ = ["LONGEST_LINE", "address", "arrival", "authenticated", "text"]

LONGEST_LINE = 8180
"""Octets; Exim's buffer is 8192. What reaches this may have been cut, 4.96 does so silently."""

_CUT = b"<trunc>"
_PLAIN = {b"smtp", b"esmtp", b"utf8esmtp"}
_AUTHENTICATED = {b"esmtpa", b"esmtpsa", b"essmtpa", b"utf8esmtpa", b"utf8esmtpsa", b"asmtp"}
_NOT_AUTHENTICATED = _PLAIN | {b"smtps", b"esmtps", b"ssmtp", b"essmtp", b"utf8esmtps"}
_WITHOUT_TLS = _PLAIN | {b"esmtpa", b"utf8esmtpa"}
_ESCAPED = re.compile(rb'\\(["\\])')


def arrival(
    line: bytes, begin: int, at: float, host: str | None, message: str, number: int
) -> Logged | None:
    """What stands from `begin` on, after `<=`; None where it is no arrival, or may be forged."""
    cut = len(line) >= LONGEST_LINE or line.endswith(_CUT)
    if cut:  # in the middle of a recipient, or of the mark itself
        line = line[: line.rfind(b" ")]
    found = ARRIVAL.match(line, begin)
    if found is None:
        found = _pasted(line, begin)
        if found is None:
            return None
    if line.count(b") [", begin) > 1 and AMBIGUOUS.search(line, begin):
        return None
    (
        sender, name, helo, client, port, interface, interface_port,
        protocol, cipher, verified, certificate, who, size, subject, recipients,
    ) = found.groups()  # fmt: skip
    if cut and recipients is None:
        return None
    client_text = interface_text = None
    if client is not None:
        client_text = address(client)
        if client_text is None:
            return None
        if interface is not None:
            interface_text = address(interface)
            if interface_text is None:
                return None
        if helo is None:
            helo = name
    return Logged(
        at,
        Outcome.ACCEPTED,
        "exim",
        host,
        message,
        client_text,
        None if port is None else int(port),
        interface_text,
        None if interface_port is None else int(interface_port),
        None if name is None else text(name),
        None if helo is None else text(helo),
        text(protocol),
        text(cipher).removesuffix("*") if cipher else ("" if protocol in _WITHOUT_TLS else None),
        None if certificate is None else text(certificate),
        None if verified is None else verified == b"yes",
        authenticated(who) if who else _by_protocol(protocol),
        "" if sender == b"<>" else text(sender),
        _recipients(recipients),
        int(size),
        None if subject is None else _subject(subject),
        None,
        None,
        number,
        cut,
    )


def _pasted(line: bytes, begin: int) -> re.Match[bytes] | None:
    return None if b'"' in line or b"\xe2\x80" not in line else PASTED.match(line, begin)


def text(octets: bytes) -> str:
    """As the log has it; what is not UTF-8 becomes `\\xff`."""
    return str(octets, "utf-8", "backslashreplace")


@lru_cache(maxsize=65536)
def address(octets: bytes) -> str | None:
    """An address as everybody writes it; None where it is none."""
    try:
        return str(ip_address(octets.decode("ascii")))
    except ValueError:
        return None


def authenticated(who: bytes) -> str:
    """As whom: the id where there is one (`authenticator:id:sender`), else how."""
    how, _, rest = who.partition(b":")
    return text(rest.partition(b":")[0] or how)


def _by_protocol(protocol: bytes) -> str | None:
    if protocol in _NOT_AUTHENTICATED:
        return ""
    return "(not told)" if protocol in _AUTHENTICATED else None


def _recipients(octets: bytes | None) -> tuple[str, ...]:
    if octets is None:
        return ()
    if b" " not in octets:
        return (text(octets),)
    if b'"' in octets:
        return tuple(dict.fromkeys(map(text, RECIPIENT.findall(octets))))
    return tuple(dict.fromkeys(text(octets).split(" ")))


def _subject(quoted: bytes) -> str:
    if quoted[:1] != b'"':
        return text(quoted[3:-3])
    inner = quoted[1:-1]
    return text(_ESCAPED.sub(rb"\1", inner) if b"\\" in inner else inner)
