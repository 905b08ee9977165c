"""One upstream connection, as its SMTP client: greeting, EHLO, MAIL, RCPT, DATA, RSET, QUIT.

A reply is waited for before the next command goes out. What an upstream says unasked (or before
the question has gone out) ends the connection, for from then on nobody knows which reply belongs to
what; only in the stream of DATA may it refuse early (a message too large, say). What it had said
properly before that still counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mxward.smtp import ProtocolError
from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.extensions import Extensions, parameters_for, unable
from mxward.smtp.replies import Reply, ReplyReader

__all__ = ["Answer", "Broken", "Greeted", "Hop", "Rejected", "Step"]


class Step(Enum):
    """What the upstream owes a reply to."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    END = "end of data"
    RSET = "RSET"
    QUIT = "QUIT"


@dataclass(frozen=True, slots=True)
class Greeted:
    """The upstream has said what it offers."""

    extensions: Extensions


@dataclass(frozen=True, slots=True)
class Rejected:
    """The upstream wants nothing of us: refused in its greeting or at HELO."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to what was asked: RCPT (or the MAIL before it), DATA, its end, or RSET."""

    step: Step
    reply: Reply


@dataclass(frozen=True, slots=True)
class Broken:
    """The upstream broke the protocol; its text is fit for a log. The connection is of no use."""

    why: str


Outcome = Greeted | Rejected | Answer | Broken


class Hop:
    """Speaks to one upstream. Bytes to send gather in `outgoing`, taken by `take_outgoing`."""

    def __init__(self, helo: str, preamble: bytes = b"") -> None:
        self.extensions = Extensions()
        self.ready = False
        self.mail_open = False  # a transaction stands upstream
        self._helo = helo
        self._reader = ReplyReader()
        self._waiting: Step | None = Step.GREETING
        self._outgoing = preamble
        self._next = Rcpt("")  # the recipient that waits for its MAIL
        self._streaming = False

    def take_outgoing(self) -> bytes:
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    # -- what the relay asks for --------------------------------------------------------------

    def rcpt(self, mail: Mail, recipient: Rcpt) -> Reply | None:
        """Offer a recipient, with its MAIL if need be; a reply of our own where it cannot go."""
        if self.mail_open:
            self._send_rcpt(recipient)
            return None
        cannot = unable(mail, self.extensions)
        if cannot is None:
            self._next = recipient
            parameters = parameters_for(mail.parameters, self.extensions)
            self._send(f"MAIL FROM:<{mail.sender}>{parameters}", Step.MAIL)
        return cannot

    def data(self) -> None:
        self._send("DATA", Step.DATA)

    def end(self) -> None:
        """The final dot has been sent: its reply is the verdict."""
        self._streaming = False
        self._waiting = Step.END

    def reset(self) -> None:
        self._send("RSET", Step.RSET)

    def quit(self) -> None:
        self._send("QUIT", Step.QUIT)

    # -- what the upstream says ---------------------------------------------------------------

    def receive(self, data: bytes) -> list[Outcome]:
        """Take bytes of the upstream. If one of the outcomes is Broken, it is the last.

        Nobody begins with an upstream whose greeting is followed by nonsense: no Greeted then.
        """
        outcomes: list[Outcome] = []
        try:
            for reply in self._reader.feed(data):
                outcome = self._on_reply(reply)
                if outcome is not None:
                    outcomes.append(outcome)
        except ProtocolError as why:
            self._outgoing = b""
            return [*(x for x in outcomes if not isinstance(x, Greeted)), Broken(str(why))]
        return outcomes

    def _on_reply(self, reply: Reply) -> Outcome | None:
        if self._outgoing:
            raise ProtocolError(f"a reply before its question: {reply}")
        step, self._waiting = self._waiting, None
        if step is None:
            return self._on_unasked(reply)
        if not _fits(step, reply):
            raise ProtocolError(f"{step.value} is answered with {reply}")
        if step in (Step.GREETING, Step.EHLO, Step.HELO):
            return self._on_hello(step, reply)
        if step is Step.MAIL and reply.positive:
            self.mail_open = True
            self._send_rcpt(self._next)
            return None
        if step is Step.MAIL:
            return Answer(Step.RCPT, reply)
        if step is Step.QUIT:
            return None
        if step is Step.DATA:
            self._streaming = reply.code == 354
        if step in (Step.END, Step.RSET):
            self.mail_open = False
        return Answer(step, reply)

    def _on_unasked(self, reply: Reply) -> Outcome:
        if self._streaming and reply.code >= 400:
            return Answer(Step.END, reply)
        raise ProtocolError(f"a reply that nobody asked for: {reply}")

    def _on_hello(self, step: Step, reply: Reply) -> Outcome | None:
        if step is Step.EHLO and 500 <= reply.code < 600:
            self._send(f"HELO {self._helo}", Step.HELO)
            return None
        if not reply.positive:
            return Rejected(reply)
        if step is Step.GREETING:
            self._send(f"EHLO {self._helo}", Step.EHLO)
            return None
        if step is Step.EHLO:
            self.extensions = Extensions.read(reply)
        self.ready = True
        return Greeted(self.extensions)

    # -- sending ------------------------------------------------------------------------------

    def _send_rcpt(self, recipient: Rcpt) -> None:
        parameters = parameters_for(recipient.parameters, self.extensions)
        self._send(f"RCPT TO:<{recipient.recipient}>{parameters}", Step.RCPT)

    def _send(self, line: str, step: Step) -> None:
        self._outgoing += line.encode() + b"\r\n"
        self._waiting = step


def _fits(step: Step, reply: Reply) -> bool:
    """Whether a reply means anything at this step (RFC 5321 4.3.2): go on, or a refusal."""
    if reply.code >= 400:
        return True
    return reply.code == 354 if step is Step.DATA else reply.positive
