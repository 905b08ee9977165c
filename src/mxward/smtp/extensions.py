"""What an EHLO reply offers (RFC 5321 4.1.1.1), and what of it may be offered on.

Never more than the mail server behind offers and this relay carries: what nginx promised beyond
that, it lost. What a chosen upstream lacks is refused with the code that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mxward.smtp.commands import Mail
from mxward.smtp.replies import Reply, reply

__all__ = ["Extensions", "offered", "parameters_for", "unable"]

_CARRIED = ("SIZE", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
_KEYWORD = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =]([\x20-\x7e]*))?")
_DSN_KEYS = {"RET", "ENVID", "NOTIFY", "ORCPT"}


@dataclass(frozen=True, slots=True)
class Extensions:
    """The keywords of an EHLO reply, in upper case, with their parameters."""

    keywords: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, ehlo: Reply) -> Extensions:
        """What an upstream's answer to EHLO offers; lines that are no keyword are passed over."""
        words = {}
        for line in ehlo.lines[1:]:
            match = _KEYWORD.fullmatch(line.rstrip())
            if match:
                words[match[1].decode().upper()] = (match[2] or b"").decode()
        return cls(words)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def size(self) -> int:
        """The largest message in bytes (RFC 1870), 0 where there is no fixed limit."""
        limit = self.keywords.get("SIZE", "")
        return int(limit) if limit.isdecimal() and len(limit) <= 20 else 0


def offered(mail_server: Extensions) -> tuple[str, ...]:
    """The keyword lines of our own EHLO reply."""
    lines = ["PIPELINING"]
    for keyword in _CARRIED:
        if keyword == "SMTPUTF8" and "8BITMIME" not in mail_server:
            continue  # RFC 6531 3.1 requires both
        if keyword in mail_server:
            lines.append(f"SIZE {mail_server.size}" if keyword == "SIZE" else keyword)
    return tuple(lines)


def unable(mail: Mail, upstream: Extensions) -> Reply | None:
    """Why an upstream cannot carry this message, or None where it can."""
    if mail.get("SMTPUTF8") is not None and "SMTPUTF8" not in upstream:
        return reply(550, "5.6.7 The next server cannot take internationalised mail")
    if (mail.get("BODY") or "").upper() == "8BITMIME" and "8BITMIME" not in upstream:
        return reply(550, "5.6.3 The next server cannot take 8-bit mail")
    if upstream.size and mail.size > upstream.size:
        return reply(552, f"5.3.4 The message is larger than the {upstream.size} bytes allowed")
    return None


def parameters_for(parameters: tuple[tuple[str, str | None], ...], upstream: Extensions) -> str:
    """The parameters to send on, with a space in front of each.

    DSN parameters are left out where the upstream has no DSN: RFC 3461 5.2.2 lets mail pass such a
    hop, and a lost notification is better than a lost message.
    """
    kept = []
    for key, value in parameters:
        if key in _DSN_KEYS and "DSN" not in upstream:
            continue
        if key == "SIZE" and "SIZE" not in upstream:
            continue
        if key == "BODY" and "8BITMIME" not in upstream:
            continue
        kept.append(f" {key}={value}" if value is not None else f" {key}")
    return "".join(kept)
