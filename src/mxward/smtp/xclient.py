"""XCLIENT: who the client is, told to an upstream before each client's session (Postfix's
XCLIENT_README).

Only the side that sends, and only one line of it. The upstream answers 220 and has forgotten all
before; EHLO follows anew. NAME is the client's forward-confirmed name, as the upstream would have
looked it up; LOGIN is never sent: nobody is authenticated by mxward's word.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mxward.model import ConfirmedNames, Known
from mxward.networks import Address
from mxward.smtp.identity import Peer

__all__ = ["attributes", "command", "xtext"]

MAX_LINE = 512
"""Octets in the line with its CRLF (RFC 5321 4.5.3.1.4)."""
MAX_VALUE = 255
"""Octets in one value, as xtext; Postfix refuses the whole command for more."""

_UNAVAILABLE = "[UNAVAILABLE]"
_TEMPORARILY = "[TEMPUNAVAIL]"
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,200}}\Z){_LABEL}(?:\.{_LABEL})*")
_PLAIN = re.compile(rb"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")


def attributes(offered: str) -> frozenset[str]:
    """The attributes that an upstream takes, from the text behind XCLIENT in its EHLO reply."""
    return frozenset(offered.upper().split())


def command(
    peer: Peer, names: ConfirmedNames, helo: str, proto: str, offered: Collection[str]
) -> bytes | None:
    """The line for one client, of what is `offered`; None where that is nothing at all.

    The address is told in any case: who does not take it will say so. `proto` is ESMTP or SMTP. A
    HELO that has no room is called unavailable.
    """
    if not offered:
        return None
    name, said = _name(names), xtext(helo)
    line = _line(_values(peer, name, said, proto), offered)
    if not 0 < len(said) <= MAX_VALUE or len(line) > MAX_LINE:
        return _line(_values(peer, name, _UNAVAILABLE, proto), offered)
    return line


def xtext(text: str) -> str:
    """What may stand as a value: printable ASCII, the rest in hexadecimal (RFC 3461 4)."""
    return _PLAIN.sub(lambda found: b"+%02X" % found[0][0], text.encode()).decode()


def _name(names: ConfirmedNames) -> str:
    """A failed look-up is no missing name: the upstream may answer 4xx to it, but never 5xx."""
    unknown = names.state in (Known.FAILED, Known.NOT_ASKED)
    return next(filter(_HOST.fullmatch, names.names), _TEMPORARILY if unknown else _UNAVAILABLE)


def _values(peer: Peer, name: str, helo: str, proto: str) -> dict[str, str]:
    return {
        "NAME": name,
        "ADDR": _literal(peer.client),
        "PORT": str(peer.client_port),
        "HELO": helo,
        "PROTO": proto,
        "DESTADDR": _literal(peer.server),
        "DESTPORT": str(peer.server_port),
    }


def _line(values: dict[str, str], offered: Collection[str]) -> bytes:
    told = (
        f" {name}={value}" for name, value in values.items() if name in offered or name == "ADDR"
    )
    return f"XCLIENT{''.join(told)}\r\n".encode()


def _literal(address: Address) -> str:
    return f"IPV6:{address}" if address.version == 6 else str(address)
