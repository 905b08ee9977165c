"""One question on its way to its answer, through as many messages as its CNAMEs take.

No socket and no clock: it says what to ask, is told what was said, and at the end has the reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mxward.lookup.messages import Said
from mxward.lookup.wire import CODES, octets_of, query, text
from mxward.model import Answer, Known, Question

__all__ = ["Chase", "NOTHING", "Reply"]

_LONGEST_CHAIN = 8  # times that the rest of a CNAME chain is asked for


@dataclass(frozen=True, slots=True)
class Reply(Answer):
    """An answer that tells more: whether there is no such name, so no record of any type."""

    no_such_name: bool = False


NOTHING = Reply(Known.FAILED)


class Chase:
    """What must be asked next for one question. Raises ValueError where its name is no name."""

    __slots__ = ("_code", "_first", "_rounds", "_ttl", "message", "question")

    def __init__(self, question: Question) -> None:
        self._code = CODES[question.kind]
        self._first = octets_of(question.name)
        self._ttl = float("inf")
        self._rounds = 0
        self._ask(self._first)

    def take(self, said: Said) -> Reply | None:
        """The reply; None where there is more to ask: `message`, whose `question` is another now.

        FAILED is the word of one server only, if there are more.
        """
        if said.state is Known.FAILED:
            return NOTHING
        self._ttl = min(self._ttl, said.ttl)
        if said.state is Known.NOT_ASKED:
            if self._rounds == _LONGEST_CHAIN:
                return NOTHING
            self._ask(said.name)
            return None
        canonical = "" if said.name == self._first else text(said.name)
        if said.state is Known.ABSENT:
            return _absent(self._ttl, canonical, said.no_such_name)
        return Reply(Known.FOUND, said.values, self._ttl, canonical)

    def _ask(self, name: bytes) -> None:
        self._rounds += 1
        self.question, self.message = query(name, self._code)


@lru_cache(maxsize=1_024)  # most answers are this one
def _absent(ttl: float, canonical: str, no_such_name: bool) -> Reply:
    return Reply(Known.ABSENT, (), ttl, canonical, no_such_name)
