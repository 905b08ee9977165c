"""The client's commands, one at a time: what each asks for, and what is answered at once."""

from __future__ import annotations

from collections.abc import Callable

from mxward.smtp import authentication
from mxward.smtp.chunks import parse_bdat
from mxward.smtp.commands import Command, CommandError, Mail, Rcpt
from mxward.smtp.dialogue import BrokenDialogue, Dialogue
from mxward.smtp.phases import Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.secrecy import Auth
from mxward.smtp.session import Session
from mxward.smtp.transactions import Transactions
from mxward.smtp.vocabulary import Close, SecureClient

__all__ = ["Commanding"]

MOST_DRAINED = 1 << 30
"""Octets of a refused chunk that are read for the sake of its answer; more, and the client goes."""

_CANNED = {
    "NOOP": reply(250, "2.0.0 OK"),
    "VRFY": reply(252, "2.1.5 Not verified here: send RCPT to find out"),
    "HELP": reply(
        214, "2.0.0 EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"
    ),
}
_BYE = reply(221, "2.0.0 Bye")
_MAIL_FIRST = reply(503, "5.5.1 MAIL first")
_NOT_NOW = reply(503, "5.5.1 A message is under way already")
_TOO_LARGE = reply(552, "5.3.4 The message is larger than is taken here")
_OF_HTTP = ("CONNECT", "GET", "HEAD", "OPTIONS", "POST", "PUT")
"""Whoever sends these is a browser that somebody has misled: what follows is not meant for us."""
_NOT_OFFERED = ("EXPN", "ETRN", "TURN", "XCLIENT", "XFORWARD")


class Commanding:
    """`take` each command in its turn. Raises BrokenDialogue where the session cannot go on."""

    __slots__ = ("_dialogue", "_finished", "_idle", "_session", "_transactions", "taken")

    def __init__(self, session: Session, transactions: Transactions, dialogue: Dialogue) -> None:
        self.taken = 0
        self._session = session
        self._transactions = transactions
        self._dialogue = dialogue
        self._idle = 0
        self._finished = 0

    @property
    def _in_transaction(self) -> bool:
        return self._session.envelope is not None

    def take(self, command: Command | Mail | Rcpt | Reply) -> None:
        """A command, or what a bad one is answered with."""
        self.taken += 1
        if isinstance(command, Rcpt):
            self._on_rcpt(command)
        elif isinstance(command, Mail):
            self._on_mail(command)
        elif isinstance(command, Reply):
            self._say(command)
        elif command.verb in _COMMANDS:
            self._count_idle(command.verb)
            _COMMANDS[command.verb](self, command)
        elif command.verb in _CANNED:
            self._count_idle(command.verb)
            self._say(_CANNED[command.verb])
        elif command.verb in _OF_HTTP:
            raise BrokenDialogue(reply(500, "5.5.1 This is no web server"))
        elif command.verb in _NOT_OFFERED:
            self._mistake(reply(502, f"5.5.1 {command.verb} is not offered"))
        else:
            self._mistake(reply(500, "5.5.1 Unknown command"))

    def take_auth_line(self, line: bytes) -> None:
        """A line of the AUTH exchange."""
        self.taken += 1
        self._transactions.auth_line(line)

    def _count_idle(self, verb: str) -> None:
        """Commands are counted between messages; a chunk, by `_on_bdat`. Raises BrokenDialogue."""
        if verb in ("BDAT", "QUIT"):
            return
        finished = self._transactions.stream.finished
        if finished != self._finished:
            self._finished, self._idle = finished, 0
        self._idle += 1
        if self._idle > self._session.settings.limits.commands:
            last_word = reply(421, "4.7.0 Too many commands without a message")
            raise BrokenDialogue(last_word, "commands")

    # -- who the client is --------------------------------------------------------------------

    def _on_helo(self, command: Command) -> None:
        session, client = self._session, self._session.client
        offers = session.offers
        client.helo, client.extended = command.text, command.verb == "EHLO"
        answer = offers.extended(client.secured) if client.extended else offers.hello
        if client.authenticated is None:
            self._transactions.quit()  # the upstream is to hear the new name
            self._say(answer)
        else:
            self._transactions.reset(answer)

    def _on_starttls(self, _: Command) -> None:
        session = self._session
        if session.client.secured or not session.settings.starttls:
            self._mistake(reply(502, "5.5.1 STARTTLS is not offered"))
        elif self._in_transaction:
            self._mistake(_NOT_NOW)
        elif not self._dialogue.empty:
            # It would be read as if it had come within TLS.
            raise BrokenDialogue(reply(554, "5.5.1 Nothing may follow STARTTLS in the clear"))
        else:
            self._transactions.quit()
            session.phase = Phase.TLS
            session.effects.append(SecureClient(bytes(reply(220, "2.0.0 Go on in TLS"))))

    def _on_auth(self, command: Command) -> None:
        session, client = self._session, self._session.client
        offered = session.offers.mechanisms(client.secured)
        if not offered and self._would_be_offered():
            self._mistake(reply(538, "5.7.11 STARTTLS first"))
        elif not offered or not client.extended:
            self._mistake(reply(502, "5.5.1 AUTH is not offered"))
        elif self._in_transaction or client.authenticated is not None:
            self._mistake(reply(503, "5.5.1 No AUTH just now"))
        else:
            try:
                mechanism, line = authentication.initial(command.text)
            except CommandError as bad:
                self._mistake(bad.reply)
                return
            if mechanism in offered:
                self._transactions.authenticate(mechanism, line)
            else:
                self._mistake(reply(504, "5.5.4 That mechanism is not offered"))

    def _would_be_offered(self) -> bool:
        session = self._session
        within_tls = session.settings.auth is Auth.TLS and session.settings.starttls
        return within_tls and bool(session.offers.mechanisms(secured=True))

    # -- the message --------------------------------------------------------------------------

    def _on_mail(self, mail: Mail) -> None:
        offers = self._session.offers
        if not self._session.client.helo:
            self._mistake(reply(503, "5.5.1 EHLO first"))
        elif self._in_transaction:
            self._mistake(_NOT_NOW)
        elif mail.binary and not offers.binary:
            self._mistake(reply(555, "5.6.1 BINARYMIME is not offered"))
        elif offers.size and mail.size > offers.size:
            self._say(_TOO_LARGE)
        else:
            self._count_idle("MAIL")
            # Who has not authenticated speaks for nobody else (RFC 4954 5).
            known = self._session.client.authenticated is not None
            self._transactions.begin(mail if known else mail.without("AUTH"))

    def _on_rcpt(self, rcpt: Rcpt) -> None:
        envelope = self._session.envelope
        if envelope is None:
            self._mistake(_MAIL_FIRST)
        elif self._transactions.stream.under_way:
            self._mistake(_NOT_NOW)
        else:
            if envelope.overrun:
                self._dialogue.count_error()
            self._transactions.recipient(rcpt)

    def _on_data(self, _: Command) -> None:
        envelope = self._session.envelope
        if envelope is None:
            self._mistake(_MAIL_FIRST)
        elif self._transactions.stream.under_way or envelope.mail.binary:
            self._mistake(reply(503, "5.5.1 BDAT it is"))  # RFC 3030 2 and 3
        else:
            self._transactions.stream.data(envelope)

    def _on_bdat(self, command: Command) -> None:
        try:
            size, last = parse_bdat(command.text)
        except CommandError as bad:  # where the chunk ends nobody knows
            raise BrokenDialogue(bad.reply) from None
        if size > MOST_DRAINED:
            raise BrokenDialogue(_TOO_LARGE)
        if size < self._session.settings.limits.slow:
            self._count_idle("a chunk of next to nothing")
        envelope = self._session.envelope
        if envelope is None:
            self._transactions.stream.refuse_chunk(size, self._dialogue.error(_MAIL_FIRST))
        else:
            self._transactions.stream.chunk(envelope, size, last)

    def _on_rset(self, _: Command) -> None:
        self._transactions.reset()

    def _on_quit(self, _: Command) -> None:
        self._transactions.quit()
        self._say(_BYE)
        self._session.effects.append(Close())
        self._session.phase = Phase.CLOSED

    # -- speaking to the client ---------------------------------------------------------------

    def _say(self, answer: Reply) -> None:
        """Tell the client, behind what it is owed already."""
        recipients = self._transactions.recipients
        if recipients.waiting:
            recipients.say(answer)
        else:
            self._session.say(answer)

    def _mistake(self, answer: Reply) -> None:
        self._say(self._dialogue.error(answer))


_COMMANDS: dict[str, Callable[[Commanding, Command], None]] = {
    "HELO": Commanding._on_helo,
    "EHLO": Commanding._on_helo,
    "STARTTLS": Commanding._on_starttls,
    "AUTH": Commanding._on_auth,
    "DATA": Commanding._on_data,
    "BDAT": Commanding._on_bdat,
    "RSET": Commanding._on_rset,
    "QUIT": Commanding._on_quit,
}
