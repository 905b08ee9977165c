"""One client's session, from its greeting to its end: events in, effects out.

    client --ClientBytes--> Dialogue -> command -> Relay -> a reply of our own
                                                     `-> Transactions -> Decide -> Decided
                                                              `-> Delivery -> the mail server
                                                                              or a scanner

While an answer is owed (by the policy, by the upstream) no further command is read; only recipients
may follow each other where the upstream pipelines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxward.smtp import loglines
from mxward.smtp.authentication import LONGEST
from mxward.smtp.client import Client
from mxward.smtp.commanding import Commanding
from mxward.smtp.dialogue import BrokenDialogue, Dialogue
from mxward.smtp.identity import Peer
from mxward.smtp.offers import Offers
from mxward.smtp.phases import CLIENTS, Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.session import Session
from mxward.smtp.settings import Settings
from mxward.smtp.transactions import Transactions
from mxward.smtp.vocabulary import (
    ClientBytes,
    ClientEnd,
    ClientGone,
    ClientSecured,
    Close,
    Connected,
    Decided,
    Effect,
    Event,
    Later,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
    UpstreamSecured,
)

__all__ = ["Phase", "Relay"]

AT_ONCE = 100
"""Commands taken in one go; then other sessions have their turn."""

_STREAMS = frozenset((Phase.DATA, Phase.CHUNK, Phase.DRAIN))


class Relay:
    """The session. `handle` every event with the time in seconds since the epoch."""

    __slots__ = ("_client_ended", "_commanding", "_dialogue", "_session", "_slow", "_transactions")

    def __init__(self, peer: Peer, settings: Settings, offers: Offers) -> None:
        self._session = Session(Client(peer), settings, offers)
        self._dialogue = Dialogue(settings.limits)
        self._transactions = Transactions(self._session, self._dialogue.count_error)
        self._commanding = Commanding(self._session, self._transactions, self._dialogue)
        self._slow = settings.limits.slow
        self._client_ended = False

    @property
    def phase(self) -> Phase:
        return self._session.phase

    @property
    def in_transaction(self) -> bool:
        return self._session.envelope is not None

    @property
    def patience(self) -> float:
        """Seconds without progress until TimedOut is due."""
        session = self._session
        phase = session.phase
        if (phase is Phase.RCPT or phase is Phase.AUTH) and not session.delivery.ready:
            return session.settings.timeouts.hello
        return session.settings.patiences[phase]

    @property
    def progress(self) -> int:
        """Grows with what the client brings forward: a command, or enough octets of a message."""
        return self._commanding.taken + self._transactions.stream.taken // self._slow

    @property
    def full(self) -> bool:
        """Whether enough commands wait; read no more from the client until this is False."""
        return self._dialogue.full

    def greet(self) -> list[Effect]:
        """What to do when the client has connected."""
        self._session.say(self._session.offers.greeting)
        return self._take_effects()

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What follows from an event. Raises nothing, whatever bytes a peer sends."""
        session = self._session
        session.now = now
        if session.phase is not Phase.CLOSED:
            try:
                _HANDLERS[type(event)](self, event)
                self._advance()
            except BrokenDialogue as broken:
                if broken.limit:
                    session.effects.append(loglines.limit(session.client.peer, broken.limit))
                self._leave("the client cannot be understood")
                self._close(broken.reply)
        return self._take_effects()

    def _take_effects(self) -> list[Effect]:
        effects = self._session.effects.copy()
        self._session.effects.clear()  # the list itself is shared
        return effects

    def _advance(self) -> None:
        """Go on with what the client has sent, as far as nothing is owed to it."""
        session, dialogue = self._session, self._dialogue
        for _ in range(AT_ONCE):
            phase = session.phase
            if phase is Phase.COMMAND:
                if self._transactions.forlorn:
                    self._close(reply(421, "4.4.2 The mail server is gone: authenticate anew"))
                    return
                command = dialogue.next_command()
                if command is None:
                    break
                self._commanding.take(command)
            elif phase in _STREAMS:
                stream = self._transactions.stream
                if dialogue.empty and not stream.whole:
                    break
                dialogue.give_back(stream.feed(dialogue.take_all()))
            elif phase is Phase.AUTH_LINE:
                line = dialogue.next_line(LONGEST)
                if line is None:
                    break
                self._commanding.take_auth_line(line)
            elif self._transactions.recipients.takes_more and dialogue.next_is(b"RCPT"):
                following = dialogue.next_command()
                if following is None:
                    return
                self._commanding.take(following)
            else:
                return
        else:
            session.effects.append(Later())
            return
        if self._client_ended:
            self._on_client_gone(ClientGone())
            session.effects.append(Close())

    # -- events -------------------------------------------------------------------------------

    def _on_client_bytes(self, event: ClientBytes) -> None:
        if self._session.phase in _STREAMS and self._dialogue.empty:
            rest = self._transactions.stream.feed(event.data)
            if rest:
                self._dialogue.feed(rest)
        else:
            self._dialogue.feed(event.data)

    def _on_client_end(self, _: ClientEnd) -> None:
        self._client_ended = True

    def _on_client_gone(self, _: ClientGone) -> None:
        self._leave("the client went away")
        self._session.phase = Phase.CLOSED

    def _leave(self, why: str) -> None:
        """Leave the upstream: in good order where nobody waits for anything."""
        if self._session.phase is Phase.COMMAND:
            self._transactions.quit()
        else:
            self._transactions.abandon(why)

    def _on_client_secured(self, event: ClientSecured) -> None:
        client = self._session.client
        client.forget()
        client.secured, client.certificates = True, event.certificates
        self._session.phase = Phase.COMMAND

    def _on_timed_out(self, _: TimedOut) -> None:
        phase = self._session.phase
        if phase in CLIENTS:
            self._transactions.abandon("nothing came for too long")
            self._close(reply(421, "4.4.2 Nothing was heard for too long"))
        elif phase is Phase.TLS:
            self._session.effects.append(Close())
            self._session.phase = Phase.CLOSED
        else:
            self._transactions.on_silence()

    def _close(self, last_word: Reply) -> None:
        self._session.say(last_word)
        self._session.effects.append(Close())
        self._session.phase = Phase.CLOSED


_HANDLERS: dict[type, Callable[[Relay, Any], None]] = {
    ClientBytes: Relay._on_client_bytes,
    ClientEnd: Relay._on_client_end,
    ClientGone: Relay._on_client_gone,
    ClientSecured: Relay._on_client_secured,
    Connected: lambda relay, event: relay._transactions.on_connected(event),
    Decided: lambda relay, event: relay._transactions.on_decided(event),
    TimedOut: Relay._on_timed_out,
    UpstreamBytes: lambda relay, event: relay._transactions.on_bytes(event),
    UpstreamGone: lambda relay, event: relay._transactions.on_gone(event),
    UpstreamSecured: lambda relay, event: relay._transactions.on_secured(event),
}
