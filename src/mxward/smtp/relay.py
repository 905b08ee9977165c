"""One client's session, from its greeting to its end: events in, effects out.

    client --ClientBytes--> Dialogue -> command -> Relay -> a reply of our own
                                                     `-> Transactions -> Decide -> Decided
                                                              `-> Delivery -> the mail server
                                                                              or a scanner

While an answer is owed (by the policy, by the upstream) no further command is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mxward.smtp.commands import Command, Mail, Rcpt
from mxward.smtp.dialogue import BrokenDialogue, Dialogue
from mxward.smtp.envelope import Settings
from mxward.smtp.extensions import Extensions, offered
from mxward.smtp.identity import Peer
from mxward.smtp.phases import PATIENCE, Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.transactions import Transactions
from mxward.smtp.vocabulary import (
    ClientBytes,
    ClientEnd,
    ClientGone,
    Close,
    Connected,
    Decided,
    Effect,
    Event,
    Later,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
)

__all__ = ["PATIENCE", "Phase", "Relay"]

AT_ONCE = 100
"""Commands taken in one go; then other sessions have their turn."""
MAX_IDLE = 200
"""Commands that bring no message forward, between two messages. Postfix allows 100."""

_CANNED = {
    "NOOP": reply(250, "2.0.0 OK"),
    "VRFY": reply(252, "2.1.5 Not verified here: send RCPT to find out"),
    "HELP": reply(214, "2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"),
}
_MAIL_FIRST = reply(503, "5.5.1 MAIL first")
_NOT_OFFERED = ("STARTTLS", "AUTH", "EXPN", "ETRN", "TURN")


class Relay:
    """The session. `handle` every event with the time in seconds since the epoch."""

    def __init__(self, peer: Peer, settings: Settings, mail_server: Extensions) -> None:
        self._settings = settings
        self._mail_server = mail_server
        self._effects: list[Effect] = []
        self._dialogue = Dialogue()
        self._transactions = Transactions(peer, settings, self._effects)
        self._helo = ""
        self._client_ended = False
        self._idle = 0
        self._finished = 0

    @property
    def phase(self) -> Phase:
        return self._transactions.phase

    @property
    def in_transaction(self) -> bool:
        return self._transactions.under_way

    @property
    def patience(self) -> float:
        """Seconds to wait for the next event before TimedOut is due."""
        return self._transactions.patience

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
        self._transactions.now = now
        if self.phase is not Phase.CLOSED:
            try:
                _HANDLERS[type(event)](self, event)
                self._advance()
            except BrokenDialogue as broken:
                self._transactions.quit()
                self._close(broken.reply)
        return self._take_effects()

    def _take_effects(self) -> list[Effect]:
        effects = list(self._effects)
        self._effects.clear()  # the list itself is shared
        return effects

    def _advance(self) -> None:
        """Go on with what the client has sent, as far as nothing is owed to it."""
        for _ in range(AT_ONCE):
            if self.phase is Phase.COMMAND:
                command = self._dialogue.next_command()
                if command is None:
                    break
                self._on_command(command)
            elif self.phase is Phase.DATA:
                data = self._dialogue.take_all()
                if not data:
                    break
                self._stream(data)
            else:
                return
        else:
            self._effects.append(Later())
            return
        if self._client_ended:
            self._on_client_gone(ClientGone())
            self._effects.append(Close())

    # -- events -------------------------------------------------------------------------------

    def _on_client_bytes(self, event: ClientBytes) -> None:
        if self.phase is Phase.DATA:
            self._stream(event.data)  # nothing waits in the dialogue then
        else:
            self._dialogue.feed(event.data)

    def _on_client_end(self, _: ClientEnd) -> None:
        self._client_ended = True

    def _on_client_gone(self, _: ClientGone) -> None:
        if self.phase is Phase.COMMAND:
            self._transactions.quit()
        else:
            self._transactions.abandon("the client went away")
        self._transactions.phase = Phase.CLOSED

    def _on_connected(self, _: Connected) -> None:
        self._transactions.on_connected()

    def _on_decided(self, event: Decided) -> None:
        self._transactions.on_decided(event)

    def _on_upstream_bytes(self, event: UpstreamBytes) -> None:
        self._transactions.on_bytes(event.data)

    def _on_upstream_gone(self, event: UpstreamGone) -> None:
        self._transactions.on_gone(event.why)

    def _on_timed_out(self, _: TimedOut) -> None:
        if self.phase in (Phase.COMMAND, Phase.DATA):
            self._transactions.abandon("nothing came for too long")
            self._close(reply(421, "4.4.2 Nothing was heard for too long"))
        else:
            self._transactions.on_silence()

    def _stream(self, data: bytes) -> None:
        self._dialogue.give_back(self._transactions.stream(data))

    # -- the client's commands ----------------------------------------------------------------

    def _on_command(self, command: Command | Mail | Rcpt | Reply) -> None:
        if isinstance(command, Reply):
            self._say(command)
        elif isinstance(command, Mail):
            self._on_mail(command)
        elif isinstance(command, Rcpt):
            self._on_rcpt(command)
        elif command.verb in _COMMANDS:
            self._count_idle(command.verb)
            _COMMANDS[command.verb](self, command)
        elif command.verb in _CANNED:
            self._count_idle(command.verb)
            self._say(_CANNED[command.verb])
        elif command.verb in _NOT_OFFERED:
            self._mistake(reply(502, f"5.5.1 {command.verb} is not offered"))
        else:
            self._mistake(reply(500, "5.5.1 Unknown command"))

    def _count_idle(self, verb: str) -> None:
        """Commands that bring no message forward are counted between messages. Raises."""
        if verb in ("DATA", "QUIT"):
            return
        if self._transactions.finished != self._finished:
            self._finished, self._idle = self._transactions.finished, 0
        self._idle += 1
        if self._idle > MAX_IDLE:
            raise BrokenDialogue(reply(421, "4.7.0 Too many commands without a message"))

    def _on_helo(self, command: Command) -> None:
        self._transactions.quit()
        self._helo = command.text
        extended = offered(self._mail_server) if command.verb == "EHLO" else ()
        self._say(reply(250, self._settings.hostname, *extended))

    def _on_mail(self, mail: Mail) -> None:
        if not self._helo:
            self._mistake(reply(503, "5.5.1 EHLO first"))
        elif self.in_transaction:
            self._mistake(reply(503, "5.5.1 A message is under way already"))
        elif self._mail_server.size and mail.size > self._mail_server.size:
            self._say(reply(552, "5.3.4 The message is larger than is taken here"))
        else:
            self._count_idle("MAIL")
            self._transactions.begin(mail, self._helo)

    def _on_rcpt(self, rcpt: Rcpt) -> None:
        if self.in_transaction:
            self._transactions.recipient(rcpt)
        else:
            self._mistake(_MAIL_FIRST)

    def _on_data(self, _: Command) -> None:
        if self.in_transaction:
            self._transactions.data()
        else:
            self._mistake(_MAIL_FIRST)

    def _on_rset(self, _: Command) -> None:
        self._transactions.reset()

    def _on_quit(self, _: Command) -> None:
        self._transactions.quit()
        self._close(reply(221, "2.0.0 Bye"))

    def _on_bdat(self, _: Command) -> None:
        # The octets of a chunk would be read as commands: there is no safe way to go on.
        self._transactions.quit()
        self._close(reply(502, "5.5.1 CHUNKING is not offered"))

    # -- speaking to the client ---------------------------------------------------------------

    def _say(self, answer: Reply) -> None:
        self._transactions.say(answer)

    def _mistake(self, answer: Reply) -> None:
        self._say(self._dialogue.error(answer))

    def _close(self, last_word: Reply) -> None:
        self._say(last_word)
        self._effects.append(Close())
        self._transactions.phase = Phase.CLOSED


_COMMANDS: dict[str, Callable[[Relay, Command], None]] = {
    "HELO": Relay._on_helo,
    "EHLO": Relay._on_helo,
    "DATA": Relay._on_data,
    "RSET": Relay._on_rset,
    "QUIT": Relay._on_quit,
    "BDAT": Relay._on_bdat,
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
