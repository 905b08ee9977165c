"""What an EHLO reply offers (RFC 5321 4.1.1.1), and whether an upstream can carry a message.

What a chosen upstream lacks is refused with the code that says so; what it may do without is left
out on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mxward.smtp.commands import Mail
from mxward.smtp.replies import Reply, reply

__all__ = ["Extensions", "parameters_for", "unable"]

_KEYWORD = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =]([\x20-\x7e]*))?")
_DSN_KEYS = {"RET", "ENVID", "NOTIFY", "ORCPT"}


@dataclass(frozen=True, slots=True)
class Extensions:
    """The keywords of an EHLO reply, in upper case, with their parameters."""

    keywords: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, ehlo: Reply) -> Extensions:
        """What an upstream's answer to EHLO offers; lines that are no keyword are passed over."""
        return _read(ehlo.lines[1:])

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def size(self) -> int:
        """The largest message in bytes (RFC 1870), 0 where there is no fixed limit."""
        return _number(self.keywords.get("SIZE", ""))

    @property
    def chunks(self) -> bool:
        """Whether BDAT (RFC 3030) can be streamed: chunk after chunk, without waiting for each."""
        return "CHUNKING" in self.keywords and "PIPELINING" in self.keywords

    @property
    def binary(self) -> bool:
        """Whether messages of arbitrary octets can be carried (RFC 3030 3)."""
        return self.chunks and "BINARYMIME" in self.keywords

    def limit(self, name: str) -> int:
        """A limit that the upstream names (RFC 9422), 0 where it names none."""
        for word in self.keywords.get("LIMITS", "").upper().split():
            key, _, value = word.partition("=")
            if key == name:
                return _number(value)
        return 0


@lru_cache(maxsize=100)
def _read(lines: tuple[bytes, ...]) -> Extensions:
    """The same server offers the same each time."""
    words = {}
    for line in lines:
        match = _KEYWORD.fullmatch(line.rstrip())
        if match:
            words[match[1].decode().upper()] = (match[2] or b"").decode()
    return Extensions(words)


def unable(mail: Mail, upstream: Extensions) -> Reply | None:
    """Why an upstream cannot carry this message, or None where it can."""
    if mail.get("SMTPUTF8") is not None and "SMTPUTF8" not in upstream:
        return reply(550, "5.6.7 The next server cannot take internationalised mail")
    if mail.body == "8BITMIME" and "8BITMIME" not in upstream:
        return reply(550, "5.6.3 The next server cannot take 8-bit mail")
    if mail.binary and not upstream.binary:
        return reply(550, "5.6.1 The next server cannot take binary mail")
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
        if key in ("SIZE", "AUTH") and key not in upstream:
            continue
        if key == "BODY" and "8BITMIME" not in upstream and "BINARYMIME" not in upstream:
            continue
        kept.append(f" {key}={value}" if value is not None else f" {key}")
    return "".join(kept)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 20 else 0
