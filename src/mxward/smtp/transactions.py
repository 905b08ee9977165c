"""The client's transactions, one after the other: sender, recipients, message, verdict.

Only a recipient that was decided on ever goes upstream. The client's 250 is the upstream's 250:
DATA streams through, and the final dot goes out only when nothing stands against the message. What
breaks is a 4xx for the client, and the upstream is left without a dot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.delivery import Delivery, Lost
from mxward.smtp.envelope import LOST, Envelope, Settings
from mxward.smtp.hop import Answer, Step
from mxward.smtp.identity import Peer
from mxward.smtp.message import Message
from mxward.smtp.phases import HELLO, PATIENCE, Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.vocabulary import Decide, Decided, Effect, Send

__all__ = ["Transactions"]


class Transactions:
    """What becomes of what the client asks for. Effects go to the list it was given.

    `phase` says what is waited for; `now` is set before each event, in seconds since the epoch.
    """

    def __init__(self, peer: Peer, settings: Settings, effects: list[Effect]) -> None:
        self.phase = Phase.COMMAND
        self.now = 0.0
        self._peer = peer
        self._settings = settings
        self._effects = effects
        self._delivery = Delivery(effects)
        self._helo = ""
        self._envelope: Envelope | None = None
        self._message: Message | None = None
        self.finished = 0  # messages that had their verdict
        self._count = 0

    @property
    def patience(self) -> float:
        """Seconds to wait for what is owed."""
        if self.phase is Phase.RCPT and not self._delivery.ready:
            return HELLO
        return PATIENCE[self.phase]

    @property
    def under_way(self) -> bool:
        """Whether MAIL has begun one."""
        return self._envelope is not None

    def say(self, answer: Reply) -> None:
        """Tell the client."""
        self._effects.append(Send(bytes(answer)))

    # -- what the client asks for -------------------------------------------------------------

    def begin(self, mail: Mail, helo: str) -> None:
        """MAIL: nothing goes upstream before a recipient is decided on."""
        self._count += 1
        self._helo = helo
        message_id = f"{self._peer.id}-{self._count}"
        self._envelope = Envelope(mail, message_id, helo, self._peer, self._settings)
        self.say(reply(250, "2.1.0 OK"))

    def recipient(self, rcpt: Rcpt) -> None:
        """RCPT: the policy is asked first."""
        if self._envelope is None:
            return
        asked = self._envelope.ask(rcpt)
        if isinstance(asked, Reply):
            self.say(asked)
            return
        self.phase = Phase.DECISION
        self._effects.append(Decide(asked))

    def data(self) -> None:
        """DATA: 354 is the upstream's to say."""
        envelope = self._envelope
        if envelope is None:
            return
        if envelope.lost:
            self.say(LOST)
        elif not envelope.recipients:
            self.say(reply(554, "5.5.1 No valid recipients"))
        else:
            self.phase = Phase.DATA_START
            self._delivery.data()

    def stream(self, data: bytes) -> bytes:
        """Take a piece of the message; return what stands behind its end."""
        message = self._message
        if message is None:
            return b""
        self._delivery.write(message.feed(data, self.now))
        if message.looped and self._delivery.connected:
            self._delivery.abort()
            self._effects.append(message.loop_record())
        if message.ended and message.verdict is not None:
            self._finish(message.verdict)
        elif message.ended:
            self.phase = Phase.VERDICT
            self._delivery.end()
        return message.rest

    def reset(self) -> None:
        """RSET: forget the transaction, upstream as well."""
        self._envelope = None
        if self._delivery.mail_open:
            self.phase = Phase.RSET
            self._delivery.reset()
        else:
            self.say(reply(250, "2.0.0 OK"))

    def quit(self) -> None:
        """Leave the upstream in good order, and with it the transaction."""
        self._delivery.quit()
        self._envelope = None

    def abandon(self, why: str) -> None:
        """The client waits for nothing any more: leave the upstream at once."""
        self._delivery.abort()
        unanswered = self._envelope.left() if self._envelope is not None else None
        if unanswered is not None:
            self._effects.append(unanswered)
        if self._message is not None:
            self._message.why = self._message.why or why
            self._effects.append(self._message.record(self._delivery.endpoint, None))

    # -- what the policy and the upstream do --------------------------------------------------

    def on_decided(self, event: Decided) -> None:
        """The policy's answer."""
        envelope = self._envelope
        if envelope is None or not envelope.asked_for(event.arrival):
            return  # the answer to a question that was given up
        weighed = envelope.weigh(event, self.now)
        if isinstance(weighed, Reply):
            self._answer_rcpt(weighed)
            return
        self.phase = Phase.RCPT
        self._on_outcomes(self._delivery.rcpt(weighed, envelope.mail, envelope.rcpt))

    def on_connected(self) -> None:
        self._delivery.on_connected()

    def on_bytes(self, data: bytes) -> None:
        self._on_outcomes(self._delivery.on_bytes(data))

    def on_gone(self, why: str) -> None:
        self._on_outcomes(self._delivery.on_gone(why))

    def on_silence(self) -> None:
        """What the policy or the upstream owes has not come in time."""
        if self.phase is Phase.DECISION:
            self._answer_rcpt(reply(451, "4.3.0 No decision could be made in time, try again"))
        else:
            self._on_outcomes(self._delivery.on_silence())

    def _on_outcomes(self, outcomes: Iterable[Answer | Lost]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Lost):
                self._on_lost(outcome.why)
            else:
                _ANSWERS[outcome.step](self, outcome.reply)

    def _on_rcpt_answer(self, answer: Reply) -> None:
        if self.phase is Phase.RCPT:
            self._answer_rcpt(answer)

    def _on_data_answer(self, answer: Reply) -> None:
        if self.phase is not Phase.DATA_START or self._envelope is None:
            return
        self.say(answer)
        self.phase = Phase.COMMAND
        if answer.code == 354:
            self.phase = Phase.DATA
            self._message = Message(self._envelope, self._helo, self._peer, self._settings)
            self._delivery.write(self._message.begin(self.now))

    def _on_end_answer(self, answer: Reply) -> None:
        if self.phase is Phase.VERDICT:
            self._finish(answer)
        elif self.phase is Phase.DATA and self._message is not None:
            self._delivery.abort()  # refused while the message still streams
            self._message.verdict = answer

    def _on_rset_answer(self, answer: Reply) -> None:
        if self.phase is not Phase.RSET:
            return
        if answer.positive:
            self._delivery.done()
        else:
            self._delivery.abort()
        self.phase = Phase.COMMAND
        self.say(reply(250, "2.0.0 OK"))

    def _on_lost(self, why: str) -> None:
        """The upstream is gone. Whatever it had accepted, the client hears a 4xx."""
        if self._envelope is not None and self._envelope.recipients:
            self._envelope.lost = True
        if self._message is not None:
            self._message.why = why
        if self.phase is Phase.RCPT:
            self._answer_rcpt(LOST)
        elif self.phase is Phase.DATA_START:
            self._on_data_answer(LOST)
        elif self.phase is Phase.DATA and self._message is not None:
            self._message.verdict = self._message.verdict or LOST
        elif self.phase is Phase.VERDICT:
            self._finish(LOST)
        elif self.phase is Phase.RSET:
            self._on_rset_answer(LOST)

    # -- how they end -------------------------------------------------------------------------

    def _answer_rcpt(self, answer: Reply) -> None:
        self.phase = Phase.COMMAND
        self.say(answer)
        if self._envelope is not None:
            record = self._envelope.answered(answer, self._delivery.endpoint)
            if record is not None:
                self._effects.append(record)

    def _finish(self, verdict: Reply) -> None:
        """The message is over, and the verdict is the client's answer."""
        message, self._message = self._message, None
        self._envelope = None
        self.finished += 1
        self.phase = Phase.COMMAND
        self.say(verdict)
        self._delivery.done()
        if message is not None:
            if verdict.positive:
                message.accepted(self.now)
            self._effects.append(message.record(self._delivery.endpoint, verdict))


_ANSWERS: dict[Step, Callable[[Transactions, Reply], None]] = {
    Step.RCPT: Transactions._on_rcpt_answer,
    Step.DATA: Transactions._on_data_answer,
    Step.END: Transactions._on_end_answer,
    Step.RSET: Transactions._on_rset_answer,
}
