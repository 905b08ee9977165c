"""The first words with an upstream: greeting, EHLO, STARTTLS, who the client is, EHLO again.

A kept connection (of Postfix's XCLIENT, which takes the session back to its greeting) begins with
who its new client is. Whoever refuses XCLIENT would go on as the client before: that connection is
of no use. After STARTTLS all that was said before is forgotten (RFC 3207 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from mxward.model import ConfirmedNames
from mxward.networks import Address
from mxward.smtp import xclient
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Peer
from mxward.smtp.replies import Reply, reply
from mxward.smtp.secrecy import Tls
from mxward.smtp.steps import Ask, Greeted, Rejected, SecureNow, Step
from mxward.smtp.vocabulary import NO_NAMES

__all__ = ["Hello", "Introduction"]

_NO_TLS = reply(451, "4.7.4 The next server offers no TLS, which is required there")
_NOT_OFFERED = "XCLIENT is not offered to mxward"
_NOT_OFFERED_AGAIN = (
    "XCLIENT is not offered again to a connection's second client: let whoever connects use it "
    "(static:all, docs/xclient.md), or set server.pool = 0"
)
_NOT_TOLD = reply(451, "4.3.5 The next server cannot be told who you are, try again later")


@dataclass(slots=True, unsafe_hash=True)
class Introduction:
    """What an upstream is told of who comes. `xclient` is the client, where XCLIENT tells it;
    `source` is its address, where the connection itself does, by coming from there.
    """

    helo: str
    preamble: bytes = b""
    xclient: Peer | None = None
    names: ConfirmedNames = NO_NAMES
    extended: bool = True  # the client said EHLO
    source: Address | None = None


Next = tuple[Ask, ...] | Greeted | Rejected | SecureNow


class Hello:
    """Until the upstream is ready for mail. `extensions` are those of its last EHLO."""

    __slots__ = ("_introduction", "_kept", "_tls", "_told", "extensions")

    def __init__(self, introduction: Introduction, tls: Tls) -> None:
        self.extensions = Extensions()
        self._introduction = introduction
        self._tls = tls
        self._told = introduction.xclient is None
        self._kept = False

    def on_reply(self, step: Step, answer: Reply) -> Next:
        """What follows from the answer to one of our first words."""
        if step is Step.EHLO and 500 <= answer.code < 600:
            return (Ask(Step.HELO, f"HELO {self._introduction.helo}"),)
        if step is Step.STARTTLS:
            return self._on_starttls(answer)
        if not answer.positive:
            if step is Step.XCLIENT:
                return Rejected(_NOT_TOLD, f"XCLIENT is refused: {answer}")
            return Rejected(answer)
        if step is Step.XCLIENT:
            return ()  # EHLO is on its way
        if step is Step.GREETING:
            return self.begin()
        self.extensions = Extensions.read(answer) if step is Step.EHLO else Extensions()
        return self._go_on()

    def begin(self) -> tuple[Ask, ...]:
        """EHLO: the first word, and the first within TLS."""
        return (Ask(Step.EHLO, f"EHLO {self._introduction.helo}"),)

    def begin_kept(self, offered: Extensions) -> Next:
        """The first word on a connection that served another client, and was offered this."""
        self.extensions, self._kept = offered, True
        self._tls = Tls.NONE  # it stands already, or was not to be had
        return self._go_on()

    def secured(self, greeted: bool = True) -> tuple[Ask, ...]:
        """TLS stands; where it came first, the greeting is yet to come."""
        self._tls = Tls.NONE
        return self.begin() if greeted else ()

    def _on_starttls(self, answer: Reply) -> Next:
        if answer.code == 220:
            return SecureNow()
        if self._tls is Tls.VERIFIED:
            return Rejected(_NO_TLS, f"TLS is required, and STARTTLS refused: {answer}")
        self._tls = Tls.NONE
        return self._go_on()

    def _go_on(self) -> Next:
        if self._tls is not Tls.NONE and "STARTTLS" in self.extensions:
            return (Ask(Step.STARTTLS, "STARTTLS"),)
        if self._tls is Tls.VERIFIED:
            return Rejected(_NO_TLS, "TLS is required, and no STARTTLS offered")
        client = self._introduction.xclient
        if self._told or client is None:
            return Greeted(self.extensions)
        self._told = True
        return self._tell(client)

    def _tell(self, client: Peer) -> Next:
        """XCLIENT and the EHLO behind it go together: one turn less."""
        introduction = self._introduction
        offered = xclient.attributes(self.extensions.keywords.get("XCLIENT", ""))
        protocol = "ESMTP" if introduction.extended else "SMTP"
        line = xclient.command(client, introduction.names, introduction.helo, protocol, offered)
        if line is None:
            return Rejected(_NOT_TOLD, _NOT_OFFERED_AGAIN if self._kept else _NOT_OFFERED)
        return (Ask(Step.XCLIENT, line.decode().removesuffix("\r\n")), *self.begin())
