"""Whether a domain answers for any name whatever: told by one that nobody can have made.

Where it does, the answer for a guessed name says nothing of that name, unless it is another.
"""

from __future__ import annotations

from collections.abc import Callable

from mxward.model import Kind, Question

__all__ = ["probes"]

_OCTETS = 10  # of a random label, in hexadecimal: 80 bits


def probes(domain: str, random: Callable[[int], bytes]) -> tuple[Question, Question]:
    """The questions for the addresses of a random name below a domain.

    FOUND says that it has a wildcard (RFC 4592). `random` gives so many octets.
    """
    name = f"{random(_OCTETS).hex()}.{domain}"
    return Question(Kind.A, name), Question(Kind.AAAA, name)
