"""One upstream connection, as its SMTP client.

Where the upstream offers PIPELINING (RFC 2920), MAIL and its recipients go out together, and every
reply is read in its turn; DATA waits until a recipient was accepted. What an upstream says unasked
(or before the question has gone out) ends the connection, for from then on nobody knows which reply
belongs to what; only in the stream of DATA may it refuse early (a message too large, say). What it
had said properly before that still counts.
"""

from __future__ import annotations

from collections import deque

from mxward.smtp import ProtocolError
from mxward.smtp.chunks import chunk
from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.extensions import Extensions, parameters_for, unable
from mxward.smtp.hello import Hello, Introduction
from mxward.smtp.replies import Reply, ReplyReader
from mxward.smtp.secrecy import Tls
from mxward.smtp.steps import (
    HELLO,
    Answer,
    Ask,
    Broken,
    Greeted,
    Outcome,
    Rejected,
    SecureNow,
    Step,
    fits,
)

__all__ = ["Hop"]


class Hop:
    """Speaks to one upstream. Bytes to send gather in `outgoing`, taken by `take_outgoing`."""

    __slots__ = (
        "_hello",
        "_outgoing",
        "_owed",
        "_reader",
        "_refusal",
        "_securing",
        "_streaming",
        "_unsent",
        "extensions",
        "mail_open",
        "ready",
        "spotless",
    )

    def __init__(
        self, introduction: Introduction, tls: Tls = Tls.NONE, implicit: bool = False
    ) -> None:
        """`implicit` TLS comes before the greeting; the preamble comes before both."""
        self.extensions = Extensions()
        self.ready = False
        self.mail_open = False  # a transaction stands upstream
        self.spotless = True  # it has refused nothing, and nobody has tried to authenticate
        self._hello = Hello(introduction, tls)
        self._reader = ReplyReader()
        self._owed: deque[Step] = deque((Step.GREETING,))
        self._unsent: deque[Ask] = deque()
        self._outgoing = introduction.preamble
        self._refusal: Reply | None = None  # of the MAIL that VOID recipients stand behind
        self._streaming = False
        self._securing = implicit  # TLS is to stand before anything is heard

    def take_outgoing(self) -> bytes:
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    @property
    def idle(self) -> bool:
        """Whether it is ready, and nothing is owed either way."""
        open_ends = self._owed or self._outgoing or self._streaming or not self._reader.empty
        return self.ready and not open_ends

    @property
    def pipelines(self) -> bool:
        return self.ready and "PIPELINING" in self.extensions

    def begin_kept(self, kept: Extensions) -> list[Outcome]:
        """The connection has served another client, and was offered this."""
        self._owed.clear()
        self._securing = False
        return self._follow(self._hello.begin_kept(kept))

    def secured(self) -> None:
        """TLS stands."""
        self._securing = False
        self._follow(self._hello.secured(greeted=Step.GREETING not in self._owed))

    # -- what the relay asks for --------------------------------------------------------------

    def rcpt(self, mail: Mail, recipient: Rcpt) -> Reply | None:
        """Offer a recipient, with its MAIL if need be; a reply of our own where it cannot go."""
        if not self.mail_open and Step.MAIL not in self._owed:
            cannot = unable(mail, self.extensions)
            if cannot is not None:
                return cannot
            parameters = parameters_for(mail.parameters, self.extensions)
            self._ask(Ask(Step.MAIL, f"MAIL FROM:<{mail.sender}>{parameters}"))
        parameters = parameters_for(recipient.parameters, self.extensions)
        self._ask(Ask(Step.RCPT, f"RCPT TO:<{recipient.recipient}>{parameters}"))
        return None

    def data(self) -> None:
        self._ask(Ask(Step.DATA, "DATA"))

    def end(self) -> None:
        """The final dot has been sent: its reply is the verdict."""
        self._streaming = False
        self._owed.append(Step.END)

    def chunk(self, block: bytes, last: bool) -> None:
        """A piece of the message, where the upstream takes chunks (RFC 3030)."""
        self._outgoing += chunk(block, last)
        self._owed.append(Step.END if last else Step.CHUNK)

    def auth(self, line: str) -> None:
        """AUTH, or a line of its exchange: from here on it may take us for somebody."""
        self.spotless = False
        self._ask(Ask(Step.AUTH, line))

    def reset(self) -> None:
        self._ask(Ask(Step.RSET, "RSET"))

    def quit(self) -> None:
        self._ask(Ask(Step.QUIT, "QUIT"))

    # -- what the upstream says ---------------------------------------------------------------

    def receive(self, data: bytes) -> list[Outcome]:
        """Take bytes of the upstream. If one of the outcomes is Broken, it is the last.

        Nobody begins with an upstream whose greeting is followed by nonsense: no Greeted then.
        """
        outcomes: list[Outcome] = []
        try:
            if self._securing and data:  # an empty piece says nothing
                raise ProtocolError("spoke in the clear where TLS is to begin")
            for reply in self._reader.feed(data):
                outcomes += self._on_reply(reply)
            if self._securing and not self._reader.empty:
                raise ProtocolError("went on in the clear behind its answer to STARTTLS")
        except ProtocolError as why:
            self._outgoing = b""
            good = (x for x in outcomes if not isinstance(x, Greeted | SecureNow))
            return [*good, Broken(str(why))]
        return outcomes

    def _on_reply(self, reply: Reply) -> list[Outcome]:
        if self._outgoing:
            raise ProtocolError(f"a reply before its question: {reply}")
        if not self._owed:
            return [self._on_unasked(reply)]
        step = self._owed.popleft()
        if not fits(step, reply):
            raise ProtocolError(f"{step.value} is answered with {reply}")
        if step in HELLO:
            return self._follow(self._hello.on_reply(step, reply))
        outcomes = self._on_answer(step, reply)
        self._send()
        return outcomes

    def _on_answer(self, step: Step, reply: Reply) -> list[Outcome]:
        if reply.code >= 400:
            self.spotless = False
        if step is Step.MAIL:
            return self._on_mail(reply)
        if step is Step.QUIT:
            return []
        if step is Step.VOID:
            return [Answer(Step.RCPT, self._refusal or reply)]
        if step is Step.DATA:
            self._streaming = reply.code == 354
        elif step in (Step.END, Step.RSET):
            self.mail_open = False
        return [Answer(step, reply)]

    def _on_mail(self, reply: Reply) -> list[Outcome]:
        """Where MAIL is refused, so is each recipient behind it, sent or not."""
        self.mail_open = reply.positive
        if self.mail_open:
            return []
        unsent = [ask for ask in self._unsent if ask.step is Step.RCPT]
        self._unsent.clear()
        if reply.code == 421:
            return [Answer(Step.RCPT, reply)]  # nothing else will be answered
        self._refusal = reply
        self._owed = deque(Step.VOID if step is Step.RCPT else step for step in self._owed)
        return [Answer(Step.RCPT, reply) for _ in unsent]

    def _on_unasked(self, reply: Reply) -> Outcome:
        if self._streaming and reply.code >= 400:
            return Answer(Step.END, reply)
        raise ProtocolError(f"a reply that nobody asked for: {reply}")

    def _follow(self, hello: tuple[Ask, ...] | Greeted | Rejected | SecureNow) -> list[Outcome]:
        """Go on with the first words."""
        if isinstance(hello, tuple):
            for ask in hello:
                self._write(ask)
            return []
        self._securing = isinstance(hello, SecureNow)
        if isinstance(hello, Greeted):
            self.extensions = hello.extensions
            self.ready = True
        return [hello]

    # -- sending ------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        self._unsent.append(ask)
        self._send()

    def _send(self) -> None:
        """What may go out now: one command at a time, or all where the upstream pipelines."""
        while self._unsent and (not self._owed or self.pipelines):
            self._write(self._unsent.popleft())

    def _write(self, ask: Ask) -> None:
        self._outgoing += ask.line.encode() + b"\r\n"
        self._owed.append(ask.step)
