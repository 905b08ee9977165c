"""Clients as Postfix writes them, `name[address]:port` -> what a report says of them.

Most mail comes from few clients, so what was read once is remembered, within bounds.
"""

from __future__ import annotations

from functools import lru_cache

from mxward.maillog.octets import parse_address, text
from mxward.maillog.postfix_lines import CLIENT, ONE_PEER

__all__ = ["OWN", "Origin", "brought_by", "origin_of"]

Origin = tuple[str | None, int | None, str | None, str]
"""The client's address, port and confirmed name, and as whom it authenticated."""

OWN: Origin = (None, None, None, "")
"""The mail server's own: given to it by a program, or made by itself."""

_MOST = 16_384


@lru_cache(maxsize=_MOST)
def origin_of(peer: bytes) -> Origin | None:
    """A client; None where it is none. What Postfix calls `unknown` has no confirmed name."""
    found = ONE_PEER.match(peer)
    if found is None:
        return None
    name, plain, other, port = found.groups()
    client = parse_address(other) if plain is None else plain.decode("ascii")
    if client is None:
        return None
    told = "" if name == b"unknown" else text(name)
    return client, None if port is None else int(port), told, ""


@lru_cache(maxsize=_MOST)
def brought_by(rest: bytes) -> tuple[bytes, Origin] | None:
    """Who brings a message, as it is in the log and as it is told; None where nobody is."""
    found = CLIENT.match(rest)
    origin = None if found is None else origin_of(found[1])
    if found is None or origin is None:
        return None
    user = found[5]
    return found[1], origin if user is None else (*origin[:3], text(user))
