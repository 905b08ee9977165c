"""Names and values as nsupdate and zone files take them (RFC 1035 5.1).

Names are in their normal spelling, addresses and numbers are made anew, and text stands in quotes
with all in it escaped that is not a plain character: so none of them can end a line, begin a
comment or a directive, or be taken for a command. What cannot be written so is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mxward import domains
from mxward.networks import address

__all__ = ["KINDS", "owner", "quoted", "spelled", "unquoted"]

KINDS = ("A", "AAAA", "CNAME", "TXT", "TLSA")
"""The types of records that are ever changed."""

_LONGEST = 255  # octets of one string
_MOST = 65_000  # characters of one value
_PLAIN = r"[ !#-\[\]-~]"  # all of ASCII that can be seen, and the blank, but `"` and `\`
_STRING = re.compile(rf'"((?:{_PLAIN}|\\["\\]|\\[0-9]{{3}})*+)"')
_TEXT = re.compile(rf"{_STRING.pattern}(?: {_STRING.pattern})*+")
_ESCAPE = re.compile(r"\\([0-9]{3}|.)")
_TLSA = re.compile(r"(?:[0-9]{1,3} ){3}(?:[0-9a-f]{2})+")


@lru_cache(maxsize=1024)  # each is written some ten times
def owner(name: str) -> str:
    """A name with its final dot; `*.` may stand before it. Raises ValueError where it is none."""
    plain = name.removeprefix("*.")
    if not domains.is_normal(plain) and domains.normal(plain) != plain:
        raise ValueError(f"{name!r} is no name in its normal spelling")
    if len(name) > 253:
        raise ValueError(f"{name!r} is too long")
    return f"{name}."


def spelled(kind: str, value: str) -> str:
    """A value of this type, as it stands in a file. Raises ValueError where it is none."""
    match kind:
        case "A" | "AAAA":
            if _is_address(value, 4 if kind == "A" else 6):
                return value
        case "CNAME":
            return owner(value)
        case "TLSA":
            if _TLSA.fullmatch(value):
                return value
        case "TXT":
            if len(value) <= _MOST and _TEXT.fullmatch(value):
                return value
    raise ValueError(f"{value[:80]!r} is no {kind}")


@lru_cache(maxsize=1024)  # those of a few servers, again and again
def _is_address(text: str, version: int) -> bool:
    """Whether this is the one spelling of an address; one with a scope (`%eth0`) is none."""
    try:
        found = address(text)
    except ValueError:
        return False
    return str(found) == text and found.version == version and "%" not in text


def quoted(text: str) -> str:
    """Text as the value of a TXT record: one string, or as many as its length takes.

    Raises ValueError where it has a character that is none of ASCII.
    """
    if not text.isascii():
        raise ValueError("it has characters that are not ASCII")
    parts = [text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST)] or [""]
    return " ".join(f'"{"".join(map(_escaped, part))}"' for part in parts)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if " " <= character <= "~" else f"\\{ord(character):03d}"


def unquoted(value: str) -> str:
    """The text of a TXT value, its strings together. Raises ValueError where it is no such value.

    An octet that is not ASCII comes as the character of its number.
    """
    return _ESCAPE.sub(_character, "".join(_STRING.findall(spelled("TXT", value))))


def _character(escape: re.Match[str]) -> str:
    number = escape[1]
    if len(number) == 1:
        return number
    if int(number) > 255:
        raise ValueError(f"\\{number} is no octet")
    return chr(int(number))
