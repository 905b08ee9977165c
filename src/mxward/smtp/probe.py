"""One session of the auditor with a mail server: bytes in, bytes out, and never a message.

    banner, EHLO (or HELO), STARTTLS where it is offered, MAIL, RCPT after RCPT, one RSET, QUIT

There is no step in which a message could be sent: DATA and BDAT do not exist here. One transaction
asks about many domains (see `questions`), all at once where the server pipelines (RFC 2920). What
was heard before a session broke counts. Not supported: AUTH, and what LIMITS (RFC 9422) says of
domains in one transaction, for no message is ever sent: who wants them apart says so at RCPT.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mxward.smtp import ProtocolError
from mxward.smtp.about import about
from mxward.smtp.account import ForAll, account
from mxward.smtp.extensions import Extensions
from mxward.smtp.inquest import Wanted, answered_by
from mxward.smtp.probed import About, Answered, Probed, Secured
from mxward.smtp.questions import Asked, Bounds, Questions
from mxward.smtp.replies import Reply, ReplyReader
from mxward.smtp.tape import Tape, printable

__all__ = ["Probe", "Way"]


class _Step(Enum):
    """What the server owes a reply to."""

    GREETING = "the banner"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    MAIL = "MAIL"
    RCPT = "RCPT"
    RSET = "RSET"
    QUIT = "QUIT"


_ABOUT = {_Step.EHLO: About.CLIENT, _Step.HELO: About.CLIENT, _Step.MAIL: About.SENDER}
"""What a refusal at a step is about, where its text does not say."""
_IN_THE_CLEAR = "it goes on in the clear behind STARTTLS"
_CLOSING = 421  # RFC 5321 4.2.1: the server closes


@dataclass(frozen=True, slots=True)
class Way:
    """As whom the auditor comes. Raises ValueError where a command could not hold it."""

    helo: str
    nonce: str = ""  # the one in `helo`; empty where there is none
    sender: str = ""  # "" is the null sender

    def __post_init__(self) -> None:
        for text in (self.helo, self.sender):
            sane = text.isascii() and text.isprintable() and not set(text) & set(" <>")
            if not sane or len(text) > 255:
                raise ValueError(f"{text!r} cannot be said in a command")
        if not self.helo:
            raise ValueError("a name for EHLO is wanted")


class Probe:
    """Feed it what happens, send what it gives; `at` is always seconds since the session began.

    `implicit` is TLS from the first octet. `key` tells an mxward by its mark. Nothing raises,
    whatever the server says.
    """

    def __init__(
        self,
        way: Way,
        wanted: Sequence[Wanted],
        *,
        key: bytes = b"",
        control: str = "",
        implicit: bool = False,
        starttls: bool = True,
        bounds: Bounds | None = None,
    ) -> None:
        self.over = False  # nothing more is to be said or heard
        self.securing = implicit  # TLS begins once `take_outgoing` has gone out
        self.commands = 0
        self.heard = 0  # replies
        self.tls_failed = False
        self.turned_away = False  # by the banner: not to be asked again
        self._way = way
        self._starttls = starttls
        self._questions = Questions(wanted, key, way.nonce, control, bounds or Bounds())
        self._pipelines = False
        self._tls = Secured.IMPLICIT if implicit else Secured.NONE
        self._tape = Tape()
        self._reader = ReplyReader()
        self._outgoing: list[str] = []
        self._owed: deque[tuple[_Step, Asked | None]] = deque([(_Step.GREETING, None)])
        self._for_all: ForAll | None = None
        self._closing = False  # the server has said that it hangs up
        self._why = ""  # the session ended early
        self._banner = ""
        self._certificate: tuple[str, ...] = ()

    # -- what there is to do -------------------------------------------------------------------

    def take_outgoing(self) -> bytes:
        """What is to be sent now."""
        lines, self._outgoing = self._outgoing, []
        return "".join([f"{line}\r\n" for line in lines]).encode("ascii")

    @property
    def waits_for_banner(self) -> bool:
        return bool(self._owed) and self._owed[0][0] is _Step.GREETING

    @property
    def leaves(self) -> bool:
        """Whether only the answer to QUIT is waited for."""
        return len(self._owed) == 1 and self._owed[0][0] is _Step.QUIT

    # -- what happens --------------------------------------------------------------------------

    def receive(self, data: bytes, at: float) -> None:
        """The server has said something."""
        try:
            for answer in self._reader.feed(data):
                if self.over:
                    return
                if self.securing:
                    self._break(_IN_THE_CLEAR, at)
                elif len(self._owed) <= len(self._outgoing):  # the question has not gone out yet
                    self._tape.heard(at, answer)
                    self._break("it speaks unasked", at)
                else:
                    self._take(answer, at)
        except ProtocolError as why:
            self.gone(_IN_THE_CLEAR if self.securing else f"nonsense: {why}", at)
            return
        if self.securing and not self._reader.empty:
            self._break(_IN_THE_CLEAR, at)

    def secured(self, certificate: Sequence[str], at: float) -> None:
        """TLS stands. What was said before may have been anybody's word (RFC 3207 4.2)."""
        self.securing = False
        self._certificate = tuple(printable(name) for name in certificate[:20])
        self._tape.happened(at, f"TLS; certificate for {', '.join(self._certificate) or 'nobody'}")
        if self._tls is not Secured.IMPLICIT:
            self._tls = Secured.STARTTLS
            self._pipelines = False
            self._ask(_Step.EHLO, f"EHLO {self._way.helo}", at)

    def not_secured(self, why: str, at: float) -> None:
        """The handshake has failed."""
        self.securing = False
        self.tls_failed = True
        self.gone(f"no TLS: {why}", at)

    def gone(self, why: str, at: float) -> None:
        """The connection is gone, or was given up."""
        if not self.over:
            self._break(why, at)

    # -- the session ---------------------------------------------------------------------------

    def _take(self, answer: Reply, at: float) -> None:
        step, asked = self._owed.popleft()
        self.heard += 1
        self._closing = answer.code == _CLOSING
        self._tape.heard(at, answer, asked.domain if asked else "")
        if not _fits(step, answer):
            self._owed.appendleft((step, asked))
            self._break(f"nonsense: {answer} to {step.value}", at)
            return
        if step is _Step.GREETING:
            self._on_greeting(answer, at)
        elif step in (_Step.EHLO, _Step.HELO):
            self._on_hello(step, answer, at)
        elif step is _Step.STARTTLS:
            self._on_starttls(answer, at)
        elif step is _Step.MAIL:
            self._on_mail(answer, at)
        elif step is _Step.RCPT and asked is not None:
            self._on_rcpt(asked, answer, at)
        elif step is _Step.RSET and not self._pipelines:
            self._ask(_Step.QUIT, "QUIT", at)
        if self._closing:
            self._why = printable(str(answer))
        if self._closing or step is _Step.QUIT:
            self._end()

    def _on_greeting(self, answer: Reply, at: float) -> None:
        self._banner = printable(str(answer))
        if answer.code == 220:
            self._ask(_Step.EHLO, f"EHLO {self._way.helo}", at)
            return
        self.turned_away = True
        why = f"it turns us away: {self._banner}"
        self._for_all = ForAll(Answered.SILENT, answer, About.CLIENT, why)
        self._ask(_Step.QUIT, "QUIT", at)  # RFC 5321 3.1

    def _on_hello(self, step: _Step, answer: Reply, at: float) -> None:
        if step is _Step.EHLO and answer.code >= 500:
            self._ask(_Step.HELO, f"HELO {self._way.helo}", at)
        elif not answer.positive:
            self._refused(step, answer, at)
        else:
            offered = Extensions.read(answer) if step is _Step.EHLO else Extensions()
            self._pipelines = "PIPELINING" in offered
            if "STARTTLS" in offered and self._starttls and self._tls is Secured.NONE:
                self._ask(_Step.STARTTLS, "STARTTLS", at)
            else:
                self._begin(at)

    def _on_starttls(self, answer: Reply, at: float) -> None:
        if answer.code == 220:
            self.securing = True
        else:
            self._begin(at)

    def _begin(self, at: float) -> None:
        self._ask(_Step.MAIL, f"MAIL FROM:<{self._way.sender}>", at)
        if self._pipelines:
            self._go_on(at)

    def _on_mail(self, answer: Reply, at: float) -> None:
        if answer.positive:
            self._questions.mail_accepted()
            self._go_on(at)
        else:
            self._refused(_Step.MAIL, answer, at)

    def _on_rcpt(self, asked: Asked, answer: Reply, at: float) -> None:
        if self._for_all is None:  # else MAIL was refused, and there is no transaction
            self._questions.take(asked, answer)
            self._go_on(at)
        elif not self._owed:
            self._leave(at)

    def _go_on(self, at: float) -> None:
        """Ask for as many as may be under way at once, and leave when all is asked."""
        while not self._closing and (self._pipelines or not self._owed):
            asked = self._questions.following()
            if asked is None:
                break
            self._ask(_Step.RCPT, f"RCPT TO:<{asked.mailbox}>", at, asked)
        if not self._owed:
            self._leave(at)

    def _refused(self, step: _Step, answer: Reply, at: float) -> None:
        """Before any recipient: it holds for all of them."""
        what = about(answer)
        what = _ABOUT[step] if what in (About.UNCLEAR, About.RECIPIENT, About.DOMAIN) else what
        self._for_all = ForAll(answered_by(answer), answer, what)
        if not self._owed:
            self._leave(at)

    def _leave(self, at: float) -> None:
        if self._for_all is None:
            self._ask(_Step.RSET, "RSET", at)
        if self._pipelines or self._for_all is not None:
            self._ask(_Step.QUIT, "QUIT", at)

    def _ask(self, step: _Step, line: str, at: float, asked: Asked | None = None) -> None:
        if self._closing:
            return
        self._owed.append((step, asked))
        self._outgoing.append(line)
        self.commands += 1
        self._tape.said(at, line, asked.domain if asked else "")

    def _break(self, why: str, at: float) -> None:
        """Nothing more will come of this session."""
        why = printable(why)
        leaving = all(step in (_Step.RSET, _Step.QUIT) for step, _ in self._owed)
        if not (leaving and self._owed):
            self._why = why
            owed = next((asked for _, asked in self._owed if asked is not None), None)
            if owed is None or any(step is _Step.MAIL for step, _ in self._owed):
                self._for_all = self._for_all or ForAll(Answered.SILENT, None, None, why)
            else:
                self._questions.fell_silent(owed)
        self._tape.happened(at, why)
        self._end()

    def _end(self) -> None:
        self._owed.clear()
        self._outgoing.clear()
        self.securing = False
        self.over = True

    # -- what was found ------------------------------------------------------------------------

    @property
    def broke(self) -> str:
        """Why the session ended before its time; empty where it did not."""
        return self._why

    @property
    def trusting(self) -> bool | None:
        """Whether the server relays for us; None where it was not asked."""
        return self._questions.trusting

    def left(self) -> list[Wanted]:
        """The domains to ask about in another session."""
        return [] if self._for_all else [each.wanted for each in self._questions.left()]

    def found(self, blank: Probed) -> list[Probed]:
        """One for each domain of which something is known; `blank` says where and when."""
        blank = replace(
            blank,
            tls=self._tls,
            trusting=self.trusting,
            sender=self._way.sender,
            banner=self._banner,
            certificate=self._certificate,
        )
        return [*account(self._questions, self._for_all, self._why, self._tape, blank)]


def _fits(step: _Step, answer: Reply) -> bool:
    """Whether a reply means anything at this step (RFC 5321 4.3.2)."""
    if step is _Step.GREETING:
        return answer.code == 220 or answer.code >= 400
    if step is _Step.STARTTLS:
        return answer.code == 220 or answer.code >= 400  # RFC 3207 4
    return answer.positive or answer.code >= 400
