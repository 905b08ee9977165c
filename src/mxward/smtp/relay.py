"""One client's session, from its greeting to its end: events in, effects out.

    client --ClientBytes--> Dialogue -> command -> Relay -> Decide -> Decided
                                                     |-> a reply of our own
                                                     `-> Delivery -> the mail server or a scanner

Only a recipient that was decided on ever goes upstream. The client's 250 is the upstream's 250:
DATA streams through, and the final dot goes out only when nothing stands against the message. While
an answer is owed (by the policy, by the upstream) no further command is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from mxward.smtp.commands import Command, Mail, Rcpt
from mxward.smtp.delivery import Delivery, Lost
from mxward.smtp.dialogue import BrokenDialogue, Dialogue
from mxward.smtp.envelope import LOST, Envelope, Settings
from mxward.smtp.extensions import Extensions, offered
from mxward.smtp.hop import Answer, Step
from mxward.smtp.identity import Peer
from mxward.smtp.message import Message
from mxward.smtp.replies import Reply, reply
from mxward.smtp.vocabulary import (
    ClientBytes,
    ClientEnd,
    ClientGone,
    Close,
    Connected,
    Decide,
    Decided,
    Effect,
    Event,
    Send,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
)

__all__ = ["PATIENCE", "Phase", "Relay"]


class Phase(Enum):
    """What the session waits for."""

    COMMAND = "a command"
    DECISION = "a decision"
    RCPT = "the answer to RCPT"
    DATA_START = "the answer to DATA"
    DATA = "the message"
    VERDICT = "the verdict on the message"
    RSET = "the answer to RSET"
    CLOSED = "nothing any more"


PATIENCE = {
    Phase.COMMAND: 300.0,
    Phase.DECISION: 60.0,
    Phase.RCPT: 300.0,
    Phase.DATA_START: 120.0,
    Phase.DATA: 180.0,
    Phase.VERDICT: 600.0,
    Phase.RSET: 300.0,
    Phase.CLOSED: 30.0,
}
"""Seconds without any progress until TimedOut is due (RFC 5321 4.5.3.2)."""

_CANNED = {
    "NOOP": reply(250, "2.0.0 OK"),
    "VRFY": reply(252, "2.1.5 Not verified here: send RCPT to find out"),
    "HELP": reply(214, "2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"),
}
_NOT_OFFERED = ("STARTTLS", "AUTH", "EXPN", "ETRN", "TURN")


class Relay:
    """The session. `handle` every event with the time in seconds since the epoch."""

    def __init__(self, peer: Peer, settings: Settings, mail_server: Extensions) -> None:
        self._peer = peer
        self._settings = settings
        self._mail_server = mail_server
        self._effects: list[Effect] = []
        self._dialogue = Dialogue()
        self._delivery = Delivery(self._effects)
        self._phase = Phase.COMMAND
        self._helo = ""
        self._envelope: Envelope | None = None
        self._message: Message | None = None
        self._messages = 0
        self._client_ended = False
        self._now = 0.0

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def in_transaction(self) -> bool:
        return self._envelope is not None

    @property
    def patience(self) -> float:
        """Seconds to wait for the next event before TimedOut is due."""
        return PATIENCE[self._phase]

    @property
    def full(self) -> bool:
        """Whether enough commands wait; read no more from the client until this is False."""
        return self._dialogue.full

    def greet(self) -> list[Effect]:
        """What to do when the client has connected."""
        self._say(reply(220, f"{self._settings.hostname} ESMTP"))
        return self._take_effects()

    def handle(self, event: Event, now: float) -> list[Effect]:
        """What follows from an event. Raises nothing, whatever bytes a peer sends."""
        self._now = now
        if self._phase is not Phase.CLOSED:
            try:
                _HANDLERS[type(event)](self, event)
                self._advance()
            except BrokenDialogue as broken:
                self._delivery.quit()
                self._close(broken.reply)
        return self._take_effects()

    def _take_effects(self) -> list[Effect]:
        effects = list(self._effects)
        self._effects.clear()  # the list itself is shared with the delivery
        return effects

    def _advance(self) -> None:
        """Go on with what the client has sent, as far as nothing is owed to it."""
        while True:
            if self._phase is Phase.COMMAND:
                command = self._dialogue.next_command()
                if command is None:
                    break
                self._on_command(command)
            elif self._phase is Phase.DATA:
                data = self._dialogue.take_all()
                if not data:
                    break
                self._stream(data)
            else:
                return
        if self._client_ended:
            self._on_client_gone(ClientGone())
            self._effects.append(Close())

    # -- events -------------------------------------------------------------------------------

    def _on_client_bytes(self, event: ClientBytes) -> None:
        if self._phase is Phase.DATA:
            self._stream(event.data)  # nothing waits in the dialogue then
        else:
            self._dialogue.feed(event.data)

    def _on_client_end(self, _: ClientEnd) -> None:
        self._client_ended = True

    def _on_client_gone(self, _: ClientGone) -> None:
        if self._phase is Phase.COMMAND:
            self._delivery.quit()
        else:
            self._abandon("the client went away")
        self._phase = Phase.CLOSED

    def _abandon(self, why: str) -> None:
        """The client waits for nothing any more."""
        self._delivery.abort()
        if self._message is not None:
            self._message.why = self._message.why or why
            self._effects.append(self._message.record(self._delivery.endpoint, None))

    def _on_connected(self, _: Connected) -> None:
        self._delivery.on_connected()

    def _on_upstream_bytes(self, event: UpstreamBytes) -> None:
        self._on_outcomes(self._delivery.on_bytes(event.data))

    def _on_upstream_gone(self, event: UpstreamGone) -> None:
        self._on_outcomes(self._delivery.on_gone(event.why))

    def _on_timed_out(self, _: TimedOut) -> None:
        if self._phase in (Phase.COMMAND, Phase.DATA):
            self._abandon("the client fell silent")
            self._close(reply(421, "4.4.2 Nothing was heard for too long"))
        elif self._phase is Phase.DECISION:
            self._answer_rcpt(reply(451, "4.3.0 No decision could be made in time, try again"))
        else:
            self._on_outcomes(self._delivery.on_silence())

    # -- the client's commands ----------------------------------------------------------------

    def _on_command(self, command: Command | Mail | Rcpt | Reply) -> None:
        if isinstance(command, Reply):
            self._say(command)
        elif isinstance(command, Mail):
            self._on_mail(command)
        elif isinstance(command, Rcpt):
            self._on_rcpt(command)
        elif command.verb in _COMMANDS:
            _COMMANDS[command.verb](self, command)
        elif command.verb in _CANNED:
            self._say(_CANNED[command.verb])
        elif command.verb in _NOT_OFFERED:
            self._mistake(reply(502, f"5.5.1 {command.verb} is not offered"))
        else:
            self._mistake(reply(500, "5.5.1 Unknown command"))

    def _on_helo(self, command: Command) -> None:
        self._delivery.quit()
        self._envelope = None
        self._helo = command.text
        extended = offered(self._mail_server) if command.verb == "EHLO" else ()
        self._say(reply(250, self._settings.hostname, *extended))

    def _on_mail(self, mail: Mail) -> None:
        if not self._helo:
            self._mistake(reply(503, "5.5.1 EHLO first"))
        elif self._envelope is not None:
            self._mistake(reply(503, "5.5.1 A message is under way already"))
        elif self._mail_server.size and mail.size > self._mail_server.size:
            self._say(reply(552, "5.3.4 The message is larger than is taken here"))
        else:
            self._messages += 1
            message_id = f"{self._peer.id}-{self._messages}"
            self._envelope = Envelope(mail, message_id, self._helo, self._peer, self._settings)
            self._say(reply(250, "2.1.0 OK"))

    def _on_rcpt(self, rcpt: Rcpt) -> None:
        if self._envelope is None:
            self._mistake(reply(503, "5.5.1 MAIL first"))
            return
        asked = self._envelope.ask(rcpt)
        if isinstance(asked, Reply):
            self._say(asked)
            return
        self._phase = Phase.DECISION
        self._effects.append(Decide(asked))

    def _on_data(self, _: Command) -> None:
        envelope = self._envelope
        if envelope is None:
            self._mistake(reply(503, "5.5.1 MAIL first"))
        elif envelope.lost:
            self._say(LOST)
        elif not envelope.recipients:
            self._say(reply(554, "5.5.1 No valid recipients"))
        else:
            self._phase = Phase.DATA_START
            self._delivery.data()

    def _on_rset(self, _: Command) -> None:
        self._envelope = None
        if self._delivery.mail_open:
            self._phase = Phase.RSET
            self._delivery.reset()
        else:
            self._say(reply(250, "2.0.0 OK"))

    def _on_quit(self, _: Command) -> None:
        self._delivery.quit()
        self._close(reply(221, "2.0.0 Bye"))

    def _on_bdat(self, _: Command) -> None:
        # The octets of a chunk would be read as commands: there is no safe way to go on.
        self._delivery.quit()
        self._close(reply(502, "5.5.1 CHUNKING is not offered"))

    # -- a recipient --------------------------------------------------------------------------

    def _on_decided(self, event: Decided) -> None:
        envelope = self._envelope
        if envelope is None or not envelope.asked_for(event.arrival):
            return  # the answer to a question that was given up
        weighed = envelope.weigh(event, self._now)
        if isinstance(weighed, Reply):
            self._answer_rcpt(weighed)
            return
        self._phase = Phase.RCPT
        self._on_outcomes(self._delivery.rcpt(weighed, envelope.mail, envelope.rcpt))

    def _answer_rcpt(self, answer: Reply) -> None:
        self._phase = Phase.COMMAND
        self._say(answer)
        if self._envelope is not None:
            record = self._envelope.answered(answer, self._delivery.endpoint)
            if record is not None:
                self._effects.append(record)

    # -- what the upstream answers ------------------------------------------------------------

    def _on_outcomes(self, outcomes: Iterable[Answer | Lost]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Lost):
                self._on_lost(outcome.why)
            else:
                _ANSWERS[outcome.step](self, outcome.reply)

    def _on_rcpt_answer(self, answer: Reply) -> None:
        if self._phase is Phase.RCPT:
            self._answer_rcpt(answer)

    def _on_data_answer(self, answer: Reply) -> None:
        if self._phase is not Phase.DATA_START:
            return
        if answer.code == 354 and self._envelope is not None:
            self._say(answer)
            self._phase = Phase.DATA
            self._message = Message(self._envelope, self._helo, self._peer, self._settings)
            self._delivery.write(self._message.begin(self._now))
        else:
            self._say(answer)
            self._phase = Phase.COMMAND

    def _on_end_answer(self, answer: Reply) -> None:
        if self._phase is Phase.VERDICT:
            self._finish(answer)
        elif self._phase is Phase.DATA and self._message is not None:
            self._delivery.abort()  # refused while the message still streams
            self._message.verdict = answer

    def _on_rset_answer(self, answer: Reply) -> None:
        if self._phase is not Phase.RSET:
            return
        if answer.positive:
            self._delivery.done()
        else:
            self._delivery.abort()
        self._phase = Phase.COMMAND
        self._say(reply(250, "2.0.0 OK"))

    def _on_lost(self, why: str) -> None:
        """The upstream is gone. Whatever it had accepted, the client hears a 4xx."""
        if self._envelope is not None and self._envelope.recipients:
            self._envelope.lost = True
        if self._message is not None:
            self._message.why = why
        if self._phase is Phase.RCPT:
            self._answer_rcpt(LOST)
        elif self._phase is Phase.DATA_START:
            self._phase = Phase.COMMAND
            self._say(LOST)
        elif self._phase is Phase.DATA and self._message is not None:
            self._message.verdict = self._message.verdict or LOST
        elif self._phase is Phase.VERDICT:
            self._finish(LOST)
        elif self._phase is Phase.RSET:
            self._on_rset_answer(LOST)

    # -- the message --------------------------------------------------------------------------

    def _stream(self, data: bytes) -> None:
        message = self._message
        if message is None:
            return
        self._delivery.write(message.feed(data, self._now))
        if message.looped and self._delivery.connected:
            self._delivery.abort()
            self._effects.append(message.loop_record())
        if not message.ended:
            return
        self._dialogue.give_back(message.rest)
        if message.verdict is not None:
            self._finish(message.verdict)
        else:
            self._phase = Phase.VERDICT
            self._delivery.end()

    def _finish(self, verdict: Reply) -> None:
        """The message is over, and the verdict is the client's answer."""
        message, self._message = self._message, None
        self._envelope = None
        self._phase = Phase.COMMAND
        self._say(verdict)
        self._delivery.done()
        if message is not None:
            if verdict.positive:
                message.accepted(self._now)
            self._effects.append(message.record(self._delivery.endpoint, verdict))

    # -- speaking to the client ---------------------------------------------------------------

    def _say(self, answer: Reply) -> None:
        self._effects.append(Send(bytes(answer)))

    def _mistake(self, answer: Reply) -> None:
        self._say(self._dialogue.error(answer))

    def _close(self, last_word: Reply) -> None:
        self._say(last_word)
        self._effects.append(Close())
        self._phase = Phase.CLOSED


_COMMANDS: dict[str, Callable[[Relay, Command], None]] = {
    "HELO": Relay._on_helo,
    "EHLO": Relay._on_helo,
    "DATA": Relay._on_data,
    "RSET": Relay._on_rset,
    "QUIT": Relay._on_quit,
    "BDAT": Relay._on_bdat,
}
_ANSWERS: dict[Step, Callable[[Relay, Reply], None]] = {
    Step.RCPT: Relay._on_rcpt_answer,
    Step.DATA: Relay._on_data_answer,
    Step.END: Relay._on_end_answer,
    Step.RSET: Relay._on_rset_answer,
}
_HANDLERS: dict[type, Callable[[Relay, Any], None]] = {
    ClientBytes: Relay._on_client_bytes,
    ClientEnd: Relay._on_client_end,
    ClientGone: Relay._on_client_gone,
    Connected: Relay._on_connected,
    Decided: Relay._on_decided,
    TimedOut: Relay._on_timed_out,
    UpstreamBytes: Relay._on_upstream_bytes,
    UpstreamGone: Relay._on_upstream_gone,
}
