"""Whom one session of the auditor asks for, in which order, and how many at most.

What servers punish bounds it: Postfix slows down from the 11th rejected recipient on (and closes at
the 21st), and from the 101st accepted one. Each domain in hand keeps room for all the refusals it
may meet, so that none is left half asked; what there is no room for is left for another session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from mxward.smtp import auditmark
from mxward.smtp.about import wants_apart
from mxward.smtp.inquest import Inquest, Wanted
from mxward.smtp.probed import Guarded
from mxward.smtp.replies import Reply

__all__ = ["Asked", "Bounds", "Questions"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one session asks for at most."""

    rejections: int = 8
    recipients: int = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One recipient; without an inquest it is the control."""

    mailbox: str
    inquest: Inquest | None

    @property
    def domain(self) -> str:
        return self.inquest.wanted.domain if self.inquest else ""


class Questions:
    """The recipients of one transaction. `control` is a mailbox of a domain that nobody has here:
    once anything was accepted it is asked for too, and who accepts that relays for us.
    """

    __slots__ = (
        "_begun",
        "_control",
        "_key",
        "_new",
        "_nonce",
        "_ready",
        "_recipients",
        "_refusals",
        "_silent",
        "_taken",
        "accepted",
        "trusting",
    )

    def __init__(
        self, wanted: Sequence[Wanted], key: bytes, nonce: str, control: str, bounds: Bounds
    ) -> None:
        self.trusting: bool | None = None
        self.accepted = False  # by the server itself
        self._key, self._nonce, self._control = key, nonce, control
        self._new = deque(map(Inquest, wanted))
        self._ready: deque[Inquest] = deque()  # begun, and the next of theirs may be asked for
        self._begun: list[Inquest] = []
        self._taken = False  # the transaction has a recipient
        self._silent: set[str] = set()  # the server fell silent over these
        kept = 1 if control else 0
        self._refusals = bounds.rejections - kept - 1  # MAIL may be refused as well
        self._recipients = bounds.recipients - kept

    def mail_accepted(self) -> None:
        self._refusals += 1

    def following(self) -> Asked | None:
        """Whom to ask for next; None as long as there is no room, or for good."""
        if self._control and self.accepted and self.trusting is None:
            control, self._control = self._control, ""
            return Asked(control, None)
        if not self._ready and not self._begin():
            return None
        inquest = self._ready.popleft()
        return Asked(f"{inquest.following()}@{inquest.wanted.domain}", inquest)

    def take(self, asked: Asked, answer: Reply) -> None:
        """What was answered for one of them."""
        inquest = asked.inquest
        if inquest is None:
            self.trusting = answer.positive
            self._refusals += answer.positive
            return
        guarded = self._mark_in(answer, asked.domain)
        if inquest.answer is None and guarded is None and self._taken and wants_apart(answer):
            return  # of the domain nothing is known; the room that it had is used up
        self._taken = self._taken or answer.positive
        self.accepted = self.accepted or (answer.positive and guarded is None)
        inquest.take(answer, guarded)
        if inquest.following() is not None:
            self._ready.append(inquest)
        else:
            self._refusals += len(inquest.wanted.recipients) - inquest.refused
            self._recipients += len(inquest.wanted.recipients) + 1 - inquest.asked

    def fell_silent(self, asked: Asked) -> None:
        """The server has not answered for this one, and owes it."""
        if asked.inquest is not None and asked.inquest.answer is None:
            self._silent.add(asked.domain)

    def answered(self) -> list[Inquest]:
        """Those of which something is known."""
        return [each for each in self._begun if each.answer is not None]

    def silent(self) -> list[Inquest]:
        return [each for each in self._begun if each.wanted.domain in self._silent]

    def left(self) -> list[Inquest]:
        """Those to be asked in another session, the ones that were begun first."""
        begun = [x for x in self._begun if x.answer is None and x.wanted.domain not in self._silent]
        return [*begun, *self._new]

    def _mark_in(self, answer: Reply, domain: str) -> Guarded | None:
        if not (self._key and self._nonce):
            return None
        return auditmark.read(self._key, self._nonce, domain, answer)

    def _begin(self) -> bool:
        """Take one more domain in hand, if there is one and room for it."""
        if not self._new:
            return False
        most = len(self._new[0].wanted.recipients)
        if self._begun and (most > self._refusals or most + 1 > self._recipients):
            return False
        self._refusals -= most
        self._recipients -= most + 1
        inquest = self._new.popleft()
        self._begun.append(inquest)
        self._ready.append(inquest)
        return True
