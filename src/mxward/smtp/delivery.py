"""The way on from here: which upstream a transaction goes to, and what becomes of it.

Walks through the endpoints of a route until one takes the sender (RFC 5321 5.1), keeps the
connection for the client's next message on the same route, and begins once more on a new one where
a kept one has died meanwhile. From then on there is no other way left: what breaks is `Lost`.
Where XCLIENT tells who the client is, a spotless connection is left to the next client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from mxward.smtp.commands import Mail, Rcpt
from mxward.smtp.data import END
from mxward.smtp.extensions import Extensions
from mxward.smtp.hop import Hop
from mxward.smtp.replies import Reply, reply
from mxward.smtp.route import MAIL_SERVER, Lost, Route
from mxward.smtp.secrecy import Tls
from mxward.smtp.steps import Answer, Broken, Greeted, Outcome, SecureNow, Step
from mxward.smtp.vocabulary import (
    Abort,
    Connect,
    Effect,
    Endpoint,
    Finish,
    Keep,
    Learned,
    SecureUpstream,
    SendUpstream,
)

__all__ = ["NO_AUTH", "Delivery"]

MAX_TRIES = 8
"""Endpoints tried for one recipient; RFC 5321 5.1 asks for at least two."""

_NOTHING = Mail("")
UNREACHABLE = reply(451, "4.4.1 The next server cannot be reached just now, try again later")
NO_AUTH = reply(454, "4.7.0 Temporary authentication failure, try again later")


class Delivery:
    """The upstream side of one client's session. Effects go to the list it was given."""

    __slots__ = (
        "_auth",
        "_effects",
        "_hop",
        "_mail",
        "_offered",
        "_route",
        "_securing",
        "_untried",
        "_used",
        "authenticated",
        "endpoint",
    )

    def __init__(self, effects: list[Effect]) -> None:
        self.endpoint: Endpoint | None = None
        self.authenticated = False  # the client, on the connection that stands
        self._effects = effects
        self._hop: Hop | None = None
        self._route: Route | None = None
        self._untried: list[Endpoint] = []
        self._mail = _NOTHING
        self._offered: list[Rcpt] = []  # recipients that are owed an answer
        self._auth = ""  # waits for the connection
        self._used = False  # the connection has served a transaction, of whomever
        self._securing = False

    @property
    def connected(self) -> bool:
        return self._hop is not None

    @property
    def ready(self) -> bool:
        """Whether the upstream has answered EHLO."""
        return self._hop is not None and self._hop.ready

    @property
    def pipelines(self) -> bool:
        """Whether it takes the next recipient before it has answered for the last."""
        return self._hop is not None and self._hop.pipelines

    @property
    def takes_chunks(self) -> bool:
        return self._hop is not None and self._hop.extensions.chunks

    @property
    def mail_open(self) -> bool:
        return self._hop is not None and self._hop.mail_open

    # -- what the relay asks for --------------------------------------------------------------

    def rcpt(self, route: Route, mail: Mail, recipient: Rcpt) -> list[Answer | Lost]:
        """Offer a recipient on a route; the answer may come at once."""
        if not self._serves(route):
            self._begin(route)
            self._mail = mail
            self._offered.append(recipient)
            return self._try_next(UNREACHABLE)
        self._mail = mail
        self._offered.append(recipient)
        return self._offer(recipient) if self.ready else []

    def auth(self, route: Route, line: str) -> list[Answer | Lost]:
        """Begin an exchange; the answers of its steps are AUTH."""
        if self._serves(route):
            return self._say_auth(line)
        self._begin(route)
        self._auth = line
        return self._try_next(NO_AUTH)

    def auth_line(self, line: bytes) -> None:
        """What the client says in the exchange."""
        self._ask(lambda hop: hop.auth(line.decode("ascii")))

    def data(self) -> None:
        self._ask(Hop.data)

    def write(self, block: bytes, ended: bool = False) -> None:
        """A piece of the message behind DATA; its end is sent on purpose only."""
        if ended and self._hop is not None:
            block += END
            self._hop.end()
        if block:
            self._effects.append(SendUpstream(block))

    def chunk(self, block: bytes, last: bool) -> None:
        """A piece of the message, for an upstream that takes chunks."""
        if block or last:
            self._ask(lambda hop: hop.chunk(block, last))

    def done(self) -> None:
        """A transaction is finished: the connection is now a used one."""
        self._used = True

    def reset(self) -> None:
        self._ask(Hop.reset)

    def quit(self) -> None:
        """Leave in good order."""
        hop, route = self._hop, self._route
        if hop is None:
            return
        if self._may_be_kept(hop) and route is not None:
            # As what was asked for, also where TLS was tried in vain: it is what that leads to.
            self._effects.append(Keep(route.endpoints[0], hop.extensions))
        elif hop.ready:
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

    def on_connected(self, kept: Extensions | None) -> Iterator[Answer | Lost]:
        hop = self._hop
        if hop is None:
            return
        if kept is not None:
            self._used = True
            for what in hop.begin_kept(kept):
                yield from self._on_heard(what)
        self._flush()
        if kept is None and self.endpoint is not None and self.endpoint.implicit:
            self._secure(self.endpoint)

    def on_secured(self) -> None:
        if self._hop is not None:
            self._securing = False
            self._hop.secured()
            self._flush()

    def on_bytes(self, data: bytes) -> Iterator[Answer | Lost]:
        """One outcome at a time: what follows from it comes before the next."""
        hop = self._hop
        if hop is None:
            return
        heard = hop.receive(data)
        self._flush()
        for what in heard:
            if self._hop is hop:
                yield from self._on_heard(what)

    def _on_heard(self, what: Outcome) -> Iterable[Answer | Lost]:
        if isinstance(what, Answer):
            if what.reply.code == 421:
                return self._on_closing(what)
            if what.step is Step.RCPT:
                del self._offered[0]
            elif what.step is Step.AUTH:
                self.authenticated = what.reply.code == 235
            return [what]
        if isinstance(what, Greeted):
            return self._on_greeted(what)
        if isinstance(what, SecureNow):
            if self.endpoint is not None:
                self._secure(self.endpoint)
            return []
        if isinstance(what, Broken):
            self._effects.append(Abort())
            return self.on_gone(what.why)
        self._effects.append(Abort(what.why))
        return self._start_over(self._rejection(what.reply))

    def _on_greeted(self, greeted: Greeted) -> list[Answer | Lost]:
        if self._route is not None and self._route.key == MAIL_SERVER and not self._used:
            self._effects.append(Learned(greeted.extensions))
        if self._auth:
            line, self._auth = self._auth, ""
            return self._say_auth(line)
        return [answer for recipient in tuple(self._offered) for answer in self._offer(recipient)]

    def on_gone(self, why: str) -> list[Answer | Lost]:
        """The connection failed or broke."""
        if self._hop is None:
            return []
        if self._securing and self._clear_may_do():
            return []
        if self._nothing_taken:
            return self._start_over(UNREACHABLE)
        self._forget()
        return [Lost(why)]

    def on_silence(self) -> list[Answer | Lost]:
        """The upstream owes an answer and has not given it in time: never trust it again."""
        self._used = False
        self._effects.append(Abort())
        return self.on_gone("timed out")

    # -- inside -------------------------------------------------------------------------------

    def _serves(self, route: Route) -> bool:
        """Whether the connection that stands is one of this route."""
        return self._hop is not None and self._route is not None and self._route.key == route.key

    def _begin(self, route: Route) -> None:
        self.quit()
        self._used = False
        self._route = route
        self._untried = list(route.endpoints[:MAX_TRIES])

    def _may_be_kept(self, hop: Hop) -> bool:
        """Nothing refused, nothing owed, nothing open: the next client begins as on a new one."""
        told = self._route is not None and self._route.introduction.xclient is not None
        clean = hop.idle and hop.spotless and not hop.mail_open
        return told and clean and not self.authenticated

    def _rejection(self, refused: Reply) -> Reply:
        """The mail server's word is the client's; a scanner's greeting is no verdict on mail."""
        if self._route is not None and self._route.key == MAIL_SERVER:
            return refused.with_code(451) if refused.code == 421 else refused
        return UNREACHABLE

    def _on_closing(self, answer: Answer) -> Iterator[Answer | Lost]:
        """421: the upstream closes, we do not; a used connection may have said it long ago."""
        self._effects.append(Abort())
        if self._nothing_taken:
            yield from self._start_over(self._rejection(answer.reply))
            return
        self._forget()
        code = 454 if answer.step is Step.AUTH else 451
        yield Answer(answer.step, answer.reply.with_code(code))
        if self._hop is None:  # else a recipient that goes another way has begun there
            yield Lost(str(answer.reply))

    @property
    def _nothing_taken(self) -> bool:
        """Whether somebody waits while no sender has been accepted: any way is still open."""
        return bool(self._offered or self._auth) and not self.mail_open and not self.authenticated

    def _start_over(self, otherwise: Reply) -> list[Answer | Lost]:
        """Go on to the next endpoint; where a used connection has died, begin with the first."""
        if self._used and self._route is not None:
            self._untried = list(self._route.endpoints[:MAX_TRIES])
        self._hop = None
        return self._try_next(otherwise)

    def _try_next(self, otherwise: Reply) -> list[Answer | Lost]:
        if not self._untried or self._route is None:
            self._hop = None
            return self._answered(otherwise)
        kept = self._route.introduction.xclient is not None and not self._used
        self._connect(self._untried.pop(0), kept)
        return []

    def _clear_may_do(self) -> bool:
        """The handshake has failed where TLS is opportunistic: once more, in the clear."""
        self._securing = False
        endpoint = self.endpoint
        if endpoint is None or endpoint.tls is not Tls.OPPORTUNISTIC or endpoint.implicit:
            return False
        self._connect(replace(endpoint, tls=Tls.NONE), kept=False)
        return True

    def _connect(self, endpoint: Endpoint, kept: bool) -> None:
        if self._route is None:
            return
        self.endpoint = endpoint
        self._hop = Hop(self._route.introduction, endpoint.tls, endpoint.implicit)
        self._used = False
        self._effects.append(Connect(endpoint, kept, self._route.introduction.source))

    def _secure(self, endpoint: Endpoint) -> None:
        self._securing = True
        self._effects.append(SecureUpstream(endpoint))

    def _offer(self, recipient: Rcpt) -> list[Answer | Lost]:
        if self._hop is None:
            return []
        refused = self._hop.rcpt(self._mail, recipient)
        self._flush()
        if refused is None:
            return []
        del self._offered[0]
        return [Answer(Step.RCPT, refused)]

    def _say_auth(self, line: str) -> list[Answer | Lost]:
        if self._hop is None or "AUTH" not in self._hop.extensions:
            return [Answer(Step.AUTH, NO_AUTH)]
        self._ask(lambda hop: hop.auth(f"AUTH {line}"))
        return []

    def _answered(self, answer: Reply) -> list[Answer | Lost]:
        """Whoever waits has the answer from us."""
        if self._auth:
            self._auth = ""
            return [Answer(Step.AUTH, NO_AUTH)]
        count = len(self._offered)
        self._offered.clear()
        return [Answer(Step.RCPT, answer)] * count

    def _ask(self, request: Callable[[Hop], None]) -> None:
        if self._hop is not None:
            request(self._hop)
            self._flush()

    def _flush(self) -> None:
        if self._hop is not None:
            outgoing = self._hop.take_outgoing()
            if outgoing:
                self._effects.append(SendUpstream(outgoing))

    def _forget(self) -> None:
        self._hop = None
        self._offered.clear()
        self._auth = ""
        self.authenticated = False
        self._securing = False
