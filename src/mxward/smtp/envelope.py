"""The envelope of one message: its sender, its recipients so far, and the route they share.

A recipient is decided on before anything of it goes upstream. Recipients that share a route go
together; one that needs another is told to come again by itself (452 4.5.3), so that nothing is
lost and nothing doubled.
"""

from __future__ import annotations

from dataclasses import dataclass

from mxward.model import Action, Arrival, ConfirmedNames, Decision
from mxward.smtp import loglines, refusals
from mxward.smtp.client import Client
from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.hello import Introduction
from mxward.smtp.identity import Identity, header
from mxward.smtp.replies import Reply, reply
from mxward.smtp.route import MAIL_SERVER, Route
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import NO_NAMES, Decided, Endpoint, Log

__all__ = ["LOST", "Candidate", "Envelope", "mail_server_route"]

LOST = reply(451, "4.4.2 The connection to the next server was lost, try again later")
_TOO_MANY = reply(452, "4.5.3 Too many recipients")
_ELSEWHERE = reply(452, "4.5.3 This recipient goes another way: send it again by itself")


@dataclass(slots=True)
class Candidate:
    """A recipient on its way to an answer."""

    rcpt: Rcpt
    arrival: Arrival
    decision: Decision | None = None
    route: Route | None = None  # where it may go
    answer: Reply | None = None
    upstream: Endpoint | None = None  # who has answered


class Envelope:
    """One transaction, from MAIL to its end."""

    __slots__ = (
        "_admitted_to",
        "_asked",
        "_client",
        "_settings",
        "id",
        "lost",
        "mail",
        "recipients",
        "route",
    )

    def __init__(self, mail: Mail, message_id: str, client: Client, settings: Settings) -> None:
        self.mail = mail
        self.id = message_id
        self.recipients: list[str] = []
        self.route: Route | None = None  # of the accepted recipients
        self.lost = False  # the upstream that had accepted them is gone
        self._client = client
        self._settings = settings
        self._asked = 0
        self._admitted_to: set[str] = set()  # scanners whose rate this message has counted for

    @property
    def rerouted(self) -> bool:
        return self.route is not None and self.route.key != MAIL_SERVER

    @property
    def just_full(self) -> bool:
        """Whether the last one asked about was the first too many."""
        return self._asked == self._settings.limits.recipients + 1

    @property
    def overrun(self) -> bool:
        """Whether so many more were named than are taken that it is no mailing list any more."""
        return self._asked >= 2 * self._settings.limits.recipients

    def ask(self, rcpt: Rcpt) -> Candidate | Reply:
        """What the policy is to be asked about a recipient, or why it is not."""
        self._asked += 1
        if self._asked > self._settings.limits.recipients:
            return _TOO_MANY
        return Candidate(rcpt, self._client.arrival(self.mail.sender, rcpt.recipient))

    def route_for(self, event: Decided) -> Route:
        """The mail server is told what the client said and who it is; a scanner, who we are."""
        if event.decision.action is Action.REROUTE:
            key = " ".join(f"{x.preference}:{x.name}" for x in event.decision.targets)
            return Route(key, Introduction(self._settings.hostname), event.endpoints)
        return mail_server_route(self._client, self._settings, event.names)

    def weigh(self, candidate: Candidate, event: Decided, now: float) -> None:
        """Follow a decision: the route the recipient goes, or what the client is told instead."""
        decision = candidate.decision = event.decision
        contact = self._settings.contact
        if decision.action in (Action.DEFER, Action.REFUSE):
            candidate.answer = refusals.refusal(decision, contact, self.id)
            return
        if self.lost:
            candidate.answer = LOST
            return
        route = self.route_for(event)
        if self.route is not None and self.route.key != route.key:
            candidate.answer = _ELSEWHERE
        elif self.route is None and not self._admitted(decision, now):
            candidate.answer = refusals.too_fast(contact, self.id)
        else:
            candidate.route = route

    def answered(self, candidate: Candidate) -> Log:
        """The client has its reply to RCPT. Returns the line for the log."""
        answer, route = candidate.answer, candidate.route
        if answer is not None and answer.positive and route is not None:
            self.route = route
            self.recipients.append(candidate.rcpt.recipient)
        return loglines.decided(
            candidate.arrival, candidate.decision, candidate.upstream, answer, self.id
        )

    def _admitted(self, decision: Decision, now: float) -> bool:
        """Whether a scanner may be sent one more message just now; asked once for a message."""
        if decision.action is not Action.REROUTE:
            return True
        scanner = decision.targets[0].scanner or ""
        cap = self._settings.caps.get(scanner)
        if cap is None or scanner in self._admitted_to:
            return True
        if not cap.admit(now):
            return False
        self._admitted_to.add(scanner)
        return True


def mail_server_route(
    client: Client, settings: Settings, names: ConfirmedNames = NO_NAMES
) -> Route:
    """The way to the mail server: it hears the client's own words, and who the client is."""
    peer = client.peer
    told = peer if settings.identity is Identity.XCLIENT else None
    source = peer.client if settings.identity is Identity.TRANSPARENT else None
    preamble = header(settings.identity, peer)
    introduction = Introduction(client.helo, preamble, told, names, client.extended, source)
    return Route(MAIL_SERVER, introduction, (settings.mail_server,))
