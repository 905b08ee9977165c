"""The way on from here: which upstream a transaction goes to, and what becomes of it.

Walks through the endpoints of a route until one takes the sender (RFC 5321 5.1), keeps the
connection for the client's next message on the same route, and begins once more on a new one where
a kept one has died meanwhile. From then on there is no other way left: what breaks is `Lost`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.hop import Answer, Broken, Greeted, Hop, Rejected, Step
from mxward.smtp.replies import Reply, reply
from mxward.smtp.vocabulary import Abort, Connect, Effect, Endpoint, Finish, Learned, SendUpstream

__all__ = ["MAIL_SERVER", "Delivery", "Lost", "Route"]

MAX_TRIES = 8
"""Endpoints tried for one recipient; RFC 5321 5.1 asks for at least two."""

UNREACHABLE = reply(451, "4.4.1 The next server cannot be reached just now, try again later")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a transaction goes. Two recipients with the same `key` share it."""

    key: str
    helo: str  # what we call ourselves there
    preamble: bytes  # sent first: who the client is
    endpoints: tuple[Endpoint, ...]


MAIL_SERVER = ""
"""The key of the route to the mail server."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The upstream is gone, and what it had accepted with it."""

    why: str


Outcome = Answer | Lost


class Delivery:
    """The upstream side of one client's session. Effects go to the list it was given."""

    def __init__(self, effects: list[Effect]) -> None:
        self._effects = effects
        self._hop: Hop | None = None
        self._route: Route | None = None
        self._untried: list[Endpoint] = []
        self._pending: tuple[Mail, Rcpt] | None = None
        self._kept = False  # the connection served an earlier transaction
        self.endpoint: Endpoint | None = None

    @property
    def connected(self) -> bool:
        return self._hop is not None

    @property
    def ready(self) -> bool:
        """Whether the upstream has answered EHLO."""
        return self._hop is not None and self._hop.ready

    @property
    def mail_open(self) -> bool:
        return self._hop is not None and self._hop.mail_open

    # -- what the relay asks for --------------------------------------------------------------

    def rcpt(self, route: Route, mail: Mail, recipient: Rcpt) -> list[Outcome]:
        """Offer a recipient on a route; the answer may come at once."""
        if self._hop is not None and self._route is not None and self._route.key == route.key:
            self._pending = (mail, recipient)
            return self._offer(self._hop)
        self.quit()
        self._pending = (mail, recipient)
        self._route = route
        self._untried = list(route.endpoints[:MAX_TRIES])
        return self._try_next(UNREACHABLE)

    def data(self) -> None:
        self._ask(Hop.data)

    def write(self, block: bytes) -> None:
        if block:
            self._effects.append(SendUpstream(block))

    def end(self) -> None:
        """The message is out, dot and all."""
        if self._hop is not None:
            self._hop.end()

    def done(self) -> None:
        """A transaction is finished: the connection is now a kept one."""
        self._kept = True

    def reset(self) -> None:
        self._ask(Hop.reset)

    def quit(self) -> None:
        """Leave in good order."""
        if self._hop is None:
            return
        if self._hop.ready:
            self._ask(Hop.quit)
            self._effects.append(Finish())
        else:
            self._effects.append(Abort())
        self._forget()

    def abort(self) -> None:
        """Leave at once, so that nothing sent can become a message."""
        if self._hop is not None:
            self._effects.append(Abort())
            self._forget()

    # -- what happens -------------------------------------------------------------------------

    def on_connected(self) -> None:
        self._flush()

    def on_bytes(self, data: bytes) -> Iterator[Outcome]:
        """One outcome at a time: what follows from it comes before the next."""
        hop = self._hop
        if hop is None:
            return
        heard = hop.receive(data)
        self._flush()
        for what in heard:
            if self._hop is hop:
                yield from self._on_heard(hop, what)

    def _on_heard(self, hop: Hop, what: Answer | Broken | Greeted | Rejected) -> list[Outcome]:
        if isinstance(what, Greeted):
            if self._route is not None and self._route.key == MAIL_SERVER:
                self._effects.append(Learned(what.extensions))
            return self._offer(hop)
        if isinstance(what, Broken):
            self._effects.append(Abort())
            return self.on_gone(what.why)
        if isinstance(what, Rejected):
            self._effects.append(Abort())
            return self._start_over(self._rejection(what.reply))
        if what.reply.code == 421:
            return self._on_closing(what)
        if what.step is Step.RCPT:
            self._pending = None
        return [what]

    def on_gone(self, why: str) -> list[Outcome]:
        """The connection failed or broke."""
        if self._hop is None:
            return []
        if self._nothing_taken:
            return self._start_over(UNREACHABLE)
        self._forget()
        return [Lost(why)]

    def on_silence(self) -> list[Outcome]:
        """The upstream owes an answer and has not given it in time: never trust it again."""
        self._kept = False
        self._effects.append(Abort())
        return self.on_gone("timed out")

    # -- inside -------------------------------------------------------------------------------

    def _rejection(self, refused: Reply) -> Reply:
        """The mail server's word is the client's; a scanner's greeting is no verdict on mail."""
        if self._route is not None and self._route.key == MAIL_SERVER:
            return refused.with_code(451) if refused.code == 421 else refused
        return UNREACHABLE

    def _on_closing(self, answer: Answer) -> list[Outcome]:
        """421: the upstream closes, we do not; a kept connection may have said it long ago."""
        self._effects.append(Abort())
        if self._nothing_taken:
            return self._start_over(self._rejection(answer.reply))
        self._forget()
        return [Answer(answer.step, answer.reply.with_code(451)), Lost(str(answer.reply))]

    @property
    def _nothing_taken(self) -> bool:
        """Whether a recipient waits while no sender has been accepted: any way is still open."""
        return self._pending is not None and not self.mail_open

    def _start_over(self, otherwise: Reply) -> list[Outcome]:
        """Go on to the next endpoint; where a kept connection has died, begin with the first."""
        if self._kept and self._route is not None:
            self._untried = list(self._route.endpoints[:MAX_TRIES])
        self._hop = None
        return self._try_next(otherwise)

    def _offer(self, hop: Hop) -> list[Outcome]:
        if self._pending is None:
            return []
        mail, recipient = self._pending
        refused = hop.rcpt(mail, recipient)
        self._flush()
        return [] if refused is None else self._answered(refused)

    def _try_next(self, otherwise: Reply) -> list[Outcome]:
        if not self._untried or self._route is None:
            return self._answered(otherwise)
        self.endpoint = self._untried.pop(0)
        self._hop = Hop(self._route.helo, self._route.preamble)
        self._kept = False
        self._effects.append(Connect(self.endpoint))
        return []

    def _answered(self, answer: Reply) -> list[Outcome]:
        """The recipient on offer has its answer from us."""
        self._pending = None
        return [Answer(Step.RCPT, answer)]

    def _ask(self, request: Callable[[Hop], None]) -> None:
        if self._hop is not None:
            request(self._hop)
            self._flush()

    def _flush(self) -> None:
        if self._hop is not None:
            self.write(self._hop.take_outgoing())

    def _forget(self) -> None:
        self._hop = None
        self._pending = None
