"""RCPT after RCPT: each is decided on, goes upstream if it may, and is answered in its turn.

Where the upstream pipelines, the next recipient is taken before the last has its answer; whatever
answer is there first waits until those before it have gone out.
"""

from __future__ import annotations

from mxward.smtp import auditmark, loglines
from mxward.smtp.commands import Rcpt
from mxward.smtp.envelope import LOST, Candidate, Envelope
from mxward.smtp.phases import Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.route import Lost
from mxward.smtp.session import Session
from mxward.smtp.steps import Answer
from mxward.smtp.vocabulary import Decide, Decided

__all__ = ["Recipients"]

MOST_AT_ONCE = 100
"""Recipients that may wait for their answers at once."""

_UNDECIDED = reply(451, "4.3.0 No decision could be made in time, try again")


class Recipients:
    """The recipients of a session's transactions that have no answer yet."""

    __slots__ = ("_asked", "_envelope", "_parked", "_session", "_waiting")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._envelope: Envelope | None = None
        self._waiting: list[Candidate | Reply] = []  # in the order of their answers
        self._asked: Candidate | None = None  # waits for the policy
        self._parked: tuple[Candidate, Decided] | None = None  # waits for those before it

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def takes_more(self) -> bool:
        """Whether the next recipient may be taken while others wait for their answers."""
        return (
            self._session.phase is Phase.RCPT
            and self._parked is None
            and self._session.delivery.pipelines
            and len(self._waiting) < MOST_AT_ONCE
        )

    def say(self, answer: Reply) -> None:
        """An answer of our own, behind those that are owed."""
        self._waiting.append(answer)

    def ask(self, envelope: Envelope, rcpt: Rcpt) -> None:
        """One more recipient: the policy is asked first."""
        self._envelope = envelope
        asked = envelope.ask(rcpt)
        self._waiting.append(asked)
        if isinstance(asked, Candidate):
            self._asked = asked
            self._session.phase = Phase.DECISION
            self._session.effects.append(Decide(asked.arrival))
        else:
            if envelope.just_full:
                peer = self._session.client.peer
                self._session.effects.append(loglines.limit(peer, "recipients"))
            self._settle()

    def on_decided(self, event: Decided) -> list[Answer | Lost]:
        """The policy's answer."""
        asked = self._asked
        if asked is None or asked.arrival is not event.arrival:
            return []  # the answer to a question that was given up
        self._asked = None
        return self._go_on(asked, event)

    def on_answer(self, answer: Reply) -> list[Answer | Lost]:
        """The upstream's, for the first recipient that it has not answered for."""
        for candidate in self._underway():
            candidate.answer = answer
            candidate.upstream = self._session.delivery.endpoint
            break
        return self._settle()

    def on_lost(self) -> list[Answer | Lost]:
        """The upstream is gone, and with it the answers it owed."""
        for candidate in self._underway():
            candidate.answer = LOST
            candidate.upstream = self._session.delivery.endpoint
        return self._settle()

    def on_silence(self) -> None:
        """The policy has not answered in time."""
        if self._asked is not None:
            asked, self._asked = self._asked, None
            asked.answer = _UNDECIDED
        self._settle()

    def abandon(self) -> None:
        """The client waits no more. What was decided on is told to the log."""
        for each in self._waiting:
            if isinstance(each, Candidate) and each.decision is not None and self._envelope:
                each.answer = None
                self._session.effects.append(self._envelope.answered(each))
        self._waiting.clear()
        self._asked = self._parked = None

    # -- inside -------------------------------------------------------------------------------

    def _underway(self) -> list[Candidate]:
        """Those that are offered to the upstream and have no answer."""
        return [
            each
            for each in self._waiting
            if isinstance(each, Candidate) and each.route is not None and each.answer is None
        ]

    def _go_on(self, candidate: Candidate, event: Decided) -> list[Answer | Lost]:
        envelope = self._envelope
        if envelope is None:
            return []
        underway = self._underway() if len(self._waiting) > 1 else ()
        if underway and underway[0].route is not None:
            key = underway[0].route.key
            if envelope.route_for(event).key != key:
                self._parked = (candidate, event)  # what becomes of those decides on this one
                self._session.phase = Phase.RCPT
                return []
        if candidate.arrival.authenticated and not self._session.delivery.authenticated:
            envelope.lost = True  # on a new connection the client would be a stranger
        envelope.weigh(candidate, event, self._session.now)
        if candidate.route is None:
            return self._settle()
        self._session.phase = Phase.RCPT
        return self._session.delivery.rcpt(candidate.route, envelope.mail, candidate.rcpt)

    def _marked(self, first: Candidate | Reply, answer: Reply) -> Reply:
        """The answer as it goes out: an auditor of the operator's gets its mark."""
        if isinstance(first, Reply) or first.decision is None:
            return answer
        session = self._session
        return auditmark.marked(
            answer, session.settings.mark.key, first.arrival.helo, first.decision
        )

    def _settle(self) -> list[Answer | Lost]:
        """Answer those whose turn has come."""
        waiting, session = self._waiting, self._session
        while waiting:
            first = waiting[0]
            answer = first if isinstance(first, Reply) else first.answer
            if answer is None:
                break
            del waiting[0]
            session.say(self._marked(first, answer))
            if isinstance(first, Candidate) and self._envelope is not None:
                session.effects.append(self._envelope.answered(first))
        if self._parked is not None and not self._underway():
            (candidate, event), self._parked = self._parked, None
            return self._go_on(candidate, event)
        if self._asked is None and self._parked is None:
            session.phase = Phase.RCPT if waiting else Phase.COMMAND
        return []
