"""Octets of a mail server -> its questions. Sans I/O.

Both programs write lines of `name=value` and an empty line (Postfix's SMTPD_POLICY_README). Postfix
begins with `request=smtpd_access_policy` and asks one question after another; Exim's `readsocket`
has what its configuration makes it write, here `request=exim`, and asks once.

Values are hostile: a client chose them. They cannot have a line end, for neither program takes one
in a command; lines, their number and their length are bounded all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Asker", "Malformed", "Question", "Questions"]

MOST_OCTETS = 64 * 1024
"""Of one question: what Postfix says of a client's certificate may be long."""
MOST_LINES = 200


class Malformed(Exception):
    """What came is no question; says why."""


class Asker(StrEnum):
    """Who asks, by the value of `request`."""

    POSTFIX = "smtpd_access_policy"
    EXIM = "exim"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `told` are its attributes, decoded as UTF-8."""

    asker: Asker
    told: Mapping[str, str]

    def of(self, name: str) -> str:
        """An attribute; empty where it is not there."""
        return self.told.get(name, "")


class Questions:
    """Takes octets as they come, and gives the questions that are whole."""

    def __init__(self) -> None:
        self._octets = b""

    def receive(self, octets: bytes) -> Iterator[Question]:
        """Each question that ends within these. Raises Malformed; then there is no way on."""
        *whole, self._octets = (self._octets + octets).split(b"\n\n")
        for each in whole:
            yield _question(each)
        if len(self._octets) > MOST_OCTETS:
            raise Malformed(f"a question of more than {MOST_OCTETS} octets")

    @property
    def begun(self) -> bool:
        """Whether a question is under way."""
        return bool(self._octets)


def _question(octets: bytes) -> Question:
    if len(octets) > MOST_OCTETS:
        raise Malformed(f"a question of more than {MOST_OCTETS} octets")
    lines = octets.decode("utf-8", "surrogateescape").removeprefix("\n").split("\n")
    if len(lines) > MOST_LINES:
        raise Malformed(f"a question of more than {MOST_LINES} lines")
    told: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals:
            raise Malformed("a line without =")
        told.setdefault(name, value)  # of two, the first: what a client wrote comes later
    try:
        return Question(Asker(told.get("request", "")), told)
    except ValueError:
        raise Malformed("a request that is not known") from None
