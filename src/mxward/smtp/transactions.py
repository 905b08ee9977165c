"""The client's transactions, one after the other: sender, recipients, message, verdict.

Only a recipient that was decided on ever goes upstream. The client's 250 is the upstream's 250:
the message streams through, and its end goes out only when nothing stands against it. What breaks
is a 4xx for the client, and the upstream is left without an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.envelope import LOST, Envelope
from mxward.smtp.exchange import Exchange
from mxward.smtp.phases import Phase
from mxward.smtp.recipients import Recipients
from mxward.smtp.replies import Reply, reply
from mxward.smtp.route import Lost
from mxward.smtp.session import Session
from mxward.smtp.steps import Answer, Step
from mxward.smtp.stream import Stream
from mxward.smtp.vocabulary import Connected, Decided, Event, UpstreamBytes, UpstreamGone

__all__ = ["Transactions"]

_OK = reply(250, "2.0.0 OK")
_MAIL_OK = reply(250, "2.1.0 OK")


class Transactions:
    """What becomes of what the client asks for, and what the policy and the upstream say to it."""

    __slots__ = (
        "_count",
        "_exchange",
        "_on_failure",
        "_reset_answer",
        "_session",
        "recipients",
        "stream",
    )

    def __init__(self, session: Session, on_failure: Callable[[], None]) -> None:
        self.recipients = Recipients(session)
        self.stream = Stream(session)
        self._session = session
        self._exchange: Exchange | None = None  # few clients need one
        self._on_failure = on_failure  # the client has failed to authenticate
        self._reset_answer = _OK
        self._count = 0

    @property
    def forlorn(self) -> bool:
        """Whether the connection is gone over which the client has authenticated."""
        session = self._session
        return session.client.authenticated is not None and not session.delivery.authenticated

    # -- what the client asks for -------------------------------------------------------------

    def begin(self, mail: Mail) -> None:
        """MAIL: nothing goes upstream before a recipient is decided on."""
        session = self._session
        self._count += 1
        message_id = f"{session.client.peer.id}-{self._count}"
        session.envelope = Envelope(mail, message_id, session.client, session.settings)
        session.say(_MAIL_OK)

    def recipient(self, rcpt: Rcpt) -> None:
        """RCPT: the policy is asked first."""
        if self._session.envelope is not None:
            self.recipients.ask(self._session.envelope, rcpt)

    def authenticate(self, mechanism: str, line: str) -> None:
        """AUTH: the mail server is asked."""
        self._exchange = Exchange(self._session)
        self._follow(self._exchange.begin(mechanism, line))

    def auth_line(self, line: bytes) -> None:
        if self._exchange is not None:
            self._exchange.on_line(line)

    def reset(self, answer: Reply = _OK) -> None:
        """Forget the transaction, upstream as well, and then answer."""
        session = self._session
        session.envelope = None
        if self.stream.under_way:
            self.stream.give_up("the client gave it up")
            session.delivery.abort()
        if session.delivery.mail_open:
            self._reset_answer = answer
            session.phase = Phase.RSET
            session.delivery.reset()
        else:
            session.say(answer)

    def quit(self) -> None:
        """Leave the upstream in good order, and with it the transaction."""
        if self.stream.under_way:
            self.abandon("the client gave it up")
        else:
            self._session.delivery.quit()
        self._session.envelope = None

    def abandon(self, why: str) -> None:
        """The client waits for nothing any more: leave the upstream at once."""
        self.recipients.abandon()
        self.stream.give_up(why)
        self._session.delivery.abort()

    # -- what the policy and the upstream do --------------------------------------------------

    def on_decided(self, event: Decided) -> None:
        self._follow(self.recipients.on_decided(event))

    def on_connected(self, event: Connected) -> None:
        self._follow(self._session.delivery.on_connected(event.kept))

    def on_secured(self, _: Event) -> None:
        self._session.delivery.on_secured()

    def on_bytes(self, event: UpstreamBytes) -> None:
        self._follow(self._session.delivery.on_bytes(event.data))

    def on_gone(self, event: UpstreamGone) -> None:
        self._follow(self._session.delivery.on_gone(event.why))

    def on_silence(self) -> None:
        """What the policy or the upstream owes has not come in time."""
        if self._session.phase is Phase.DECISION:
            self.recipients.on_silence()
        else:
            self._follow(self._session.delivery.on_silence())

    def _follow(self, outcomes: Iterable[Answer | Lost]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Lost):
                self._on_lost(outcome.why)
            else:
                _ANSWERS[outcome.step](self, outcome.reply)

    def _on_rcpt_answer(self, answer: Reply) -> None:
        self._follow(self.recipients.on_answer(answer))

    def _on_data_answer(self, answer: Reply) -> None:
        self.stream.on_data_answer(answer)

    def _on_chunk_answer(self, answer: Reply) -> None:
        self.stream.on_chunk_answer(answer)

    def _on_end_answer(self, answer: Reply) -> None:
        self.stream.on_verdict(answer)

    def _on_auth_answer(self, answer: Reply) -> None:
        if self._exchange is not None and self._exchange.on_answer(answer):
            self._on_failure()

    def _on_rset_answer(self, answer: Reply) -> None:
        session = self._session
        if session.phase is not Phase.RSET:
            return
        if answer.positive:
            session.delivery.done()
        else:
            session.delivery.abort()
        session.phase = Phase.COMMAND
        session.say(self._reset_answer)

    def _on_lost(self, why: str) -> None:
        """The upstream is gone. Whatever it had accepted, the client hears a 4xx."""
        session = self._session
        if session.envelope is not None and session.envelope.recipients:
            session.envelope.lost = True
        if self.recipients.waiting:
            self._follow(self.recipients.on_lost())
        if session.phase is Phase.RSET:
            self._on_rset_answer(LOST)
        elif self._exchange is not None and session.phase in (Phase.AUTH, Phase.AUTH_LINE):
            self._exchange.on_lost()
        else:
            self.stream.on_lost(why)


_ANSWERS: dict[Step, Callable[[Transactions, Reply], None]] = {
    Step.RCPT: Transactions._on_rcpt_answer,
    Step.DATA: Transactions._on_data_answer,
    Step.CHUNK: Transactions._on_chunk_answer,
    Step.END: Transactions._on_end_answer,
    Step.RSET: Transactions._on_rset_answer,
    Step.AUTH: Transactions._on_auth_answer,
}
