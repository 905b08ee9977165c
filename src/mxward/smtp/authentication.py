"""AUTH, passed through (RFC 4954): what of it may go to the mail server, line by line.

The mail server alone knows names and passwords, and its 235 alone authenticates. What is checked
here is that each line is one line of base64, for nothing else may reach the mail server under that
name. Nothing of the exchange is kept or logged.
"""

from __future__ import annotations

import re

from mxward.smtp.commands import CommandError
from mxward.smtp.replies import reply

__all__ = ["LONGEST", "MOST_LINES", "initial", "is_response"]

LONGEST = 12288
"""Bytes of one line of the exchange (RFC 4954 4)."""
MOST_LINES = 20
"""Lines of one exchange; SCRAM needs three, GSSAPI some more."""

_RESPONSE = re.compile(rb"[A-Za-z0-9+/]*={0,2}|\*")
_AUTH = re.compile(r"([A-Za-z0-9_-]{1,20})(?: +([A-Za-z0-9+/]+={0,2}|=))?")


def initial(text: str) -> tuple[str, str]:
    """The mechanism of AUTH, in upper case, and what is to be sent on. Raises CommandError."""
    match = _AUTH.fullmatch(text)
    if match is None:
        raise CommandError(reply(501, "5.5.4 Syntax: AUTH mechanism [initial-response]"))
    mechanism = match[1].upper()
    return mechanism, f"{mechanism} {match[2]}" if match[2] else mechanism


def is_response(line: bytes) -> bool:
    """Whether a line can be part of the exchange: base64, or the `*` that cancels it."""
    return _RESPONSE.fullmatch(line) is not None
