"""What is asked about one domain in one session, and what was answered so far.

First recipients that ought to exist, postmaster before all (RFC 5321 4.5.1), until one is accepted;
then a user who cannot exist, which tells a catch-all from a server that knows its users.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mxward.domains import is_normal, normal
from mxward.smtp.about import about
from mxward.smtp.probed import About, Answered, Guarded
from mxward.smtp.replies import Reply

__all__ = ["Inquest", "Wanted", "answered_by"]

_PLAIN = re.compile(r"(?!\.)[A-Za-z0-9_.+=-]{1,64}(?<!\.)")
"""A local part as every server takes it (RFC 5321 4.1.2, 4.5.3.1.1)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A domain, and whom to ask for: local parts that ought to exist, and one that cannot.

    `stranger` is empty where that is not asked. Raises ValueError where a name would not go through
    a command line as it is.
    """

    domain: str
    stranger: str = ""
    recipients: tuple[str, ...] = ("postmaster",)

    def __post_init__(self) -> None:
        if not is_normal(self.domain) and normal(self.domain) != self.domain:
            raise ValueError(f"{self.domain!r} is not in its normal spelling")
        for local in (*self.recipients, *filter(None, (self.stranger,))):
            if not _PLAIN.fullmatch(local):
                raise ValueError(f"{local!r} is no plain local part")

    @property
    def most(self) -> int:
        """RCPT commands that it may take."""
        return len(self.recipients) + 1


def answered_by(answer: Reply) -> Answered:
    """What a server does by this reply."""
    if answer.positive:
        return Answered.ACCEPTED
    return Answered.DEFERRED if answer.code < 500 else Answered.REFUSED


class Inquest:
    """Asks for one recipient after the other: `following` says whom, `take` hears the answer."""

    __slots__ = (
        "_finished",
        "answer",
        "asked",
        "catch_all",
        "guarded",
        "refused",
        "stranger",
        "wanted",
    )

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.answer: Reply | None = None  # the one that counts
        self.guarded: Guarded | None = None
        self.catch_all: bool | None = None
        self.stranger: About | None = None
        self.asked = self.refused = 0  # recipients
        self._finished = False

    def following(self) -> str | None:
        """The next local part to ask for; None where all is asked."""
        if self._finished:
            return None
        if self.answer is not None and self.answer.positive:
            return self.wanted.stranger
        return self.wanted.recipients[self.asked]

    def take(self, answer: Reply, guarded: Guarded | None = None) -> None:
        """The answer for the one asked for last, and the mark that an mxward has put there."""
        self.asked += 1
        self.refused += not answer.positive
        if self.answer is not None and self.answer.positive:
            self._finished = True
            self._take_stranger(answer)
            return
        self.answer, self.guarded = answer, guarded
        if answer.positive:
            self._finished = guarded is not None or not self.wanted.stranger
        else:  # only where this user is not known may another one be
            more = self.asked < len(self.wanted.recipients)
            self._finished = not (more and about(answer) is About.RECIPIENT)

    def _take_stranger(self, answer: Reply) -> None:
        if answer.positive:
            self.catch_all = True
        elif answer.code >= 500:
            self.catch_all, self.stranger = False, about(answer)
