"""The envelope of one message: its sender, its recipients so far, the one being asked about.

A recipient is decided on before anything of it goes upstream. Recipients that share a route go
together; one that needs another is told to come again by itself (452 4.5.3), so that nothing is
lost and nothing doubled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mxward.model import Action, Arrival, Decision
from mxward.smtp import loglines, refusals
from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.delivery import MAIL_SERVER, Route
from mxward.smtp.identity import Identity, Peer, header
from mxward.smtp.replies import Reply, reply
from mxward.smtp.rerouting import LoopMemory, Mark, RateCap
from mxward.smtp.vocabulary import Decided, Endpoint, Log

__all__ = ["LOST", "Envelope", "Settings"]

MAX_RECIPIENTS = 1000
"""Recipients of one message; RFC 5321 4.5.3.1.8 asks for at least 100."""

LOST = reply(451, "4.4.2 The connection to the next server was lost, try again later")
_TOO_MANY = reply(452, "4.5.3 Too many recipients")
_ELSEWHERE = reply(452, "4.5.3 This recipient goes another way: send it again by itself")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every session."""

    hostname: str
    mark: Mark
    contact: str = ""
    identity: Identity = Identity.NONE
    loops: LoopMemory = field(default_factory=LoopMemory)
    caps: Mapping[str, RateCap] = field(default_factory=dict)  # by scanner


class Envelope:
    """One transaction, from MAIL to its end."""

    def __init__(self, mail: Mail, message_id: str, helo: str, peer: Peer, settings: Settings):
        self.mail = mail
        self.id = message_id
        self.recipients: list[str] = []
        self.route: Route | None = None  # of the accepted recipients
        self.lost = False  # the upstream that had accepted them is gone
        self._helo = helo
        self._peer = peer
        self._settings = settings
        self._refused = 0
        self._admitted_to: set[str] = set()  # scanners whose rate this message has counted for
        self._rcpt = Rcpt("")
        self._arrival: Arrival | None = None
        self._decision: Decision | None = None
        self._offered: Route | None = None

    @property
    def rcpt(self) -> Rcpt:
        """The recipient that is being asked about."""
        return self._rcpt

    @property
    def rerouted(self) -> bool:
        return self.route is not None and self.route.key != MAIL_SERVER

    def ask(self, rcpt: Rcpt) -> Arrival | Reply:
        """What the policy is to be asked about a recipient, or why it is not."""
        if len(self.recipients) + self._refused >= MAX_RECIPIENTS:
            return _TOO_MANY
        peer = self._peer
        self._rcpt = rcpt
        self._decision = self._offered = None
        self._arrival = Arrival(
            peer.client, peer.server, self._helo, self.mail.sender, rcpt.recipient
        )
        return self._arrival

    def asked_for(self, arrival: Arrival) -> bool:
        """Whether this is the question that is still open."""
        return arrival is self._arrival

    def weigh(self, event: Decided, now: float) -> Route | Reply:
        """Follow a decision: the route the recipient goes, or what the client is told instead."""
        decision = self._decision = event.decision
        contact = self._settings.contact
        if decision.action in (Action.DEFER, Action.REFUSE):
            return refusals.refusal(decision, contact, self.id)
        if self.lost:
            return LOST
        route = self._route_for(decision, event.endpoints)
        if self.route is not None:
            if self.route.key != route.key:
                return _ELSEWHERE
        elif not self._admitted(decision, now):
            return refusals.too_fast(contact, self.id)
        self._offered = route
        return route

    def left(self) -> Log | None:
        """The client went away before its recipient was answered. Returns the line for the log."""
        arrival, self._arrival = self._arrival, None
        if arrival is None or self._decision is None:
            return None
        return loglines.decided(arrival, self._decision, None, None, self.id)

    def answered(self, answer: Reply, upstream: Endpoint | None) -> Log | None:
        """The client has its reply to RCPT. Returns the line for the log."""
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            return None
        if answer.positive and self._offered is not None:
            self.route = self._offered
            self.recipients.append(self._rcpt.recipient)
        else:
            self._refused += 1
        through = upstream if self._offered is not None else None
        return loglines.decided(arrival, self._decision, through, answer, self.id)

    def _route_for(self, decision: Decision, endpoints: tuple[Endpoint, ...]) -> Route:
        """The mail server is told what the client said and who it is; a scanner, who we are."""
        if decision.action is Action.REROUTE:
            key = " ".join(f"{x.preference}:{x.name}" for x in decision.targets)
            return Route(key, self._settings.hostname, b"", endpoints)
        preamble = header(self._settings.identity, self._peer)
        return Route(MAIL_SERVER, self._helo, preamble, endpoints)

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
