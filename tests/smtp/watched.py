"""A relay under watch: every effect is held against the laws that no session may break.

- only a recipient that was decided on, and not answered yet, goes upstream, by its own route,
  with its own sender;
- the end of a message goes upstream only behind exactly what the client sent, by DATA or by BDAT,
  when nothing stands against it;
- the client's 2xx to a recipient, a chunk and a message is the upstream's, and so is each 5xx that
  is no refusal; the client's 354, 334 and 235 are the upstream's;
- each command and each message is answered once, in order, and nothing is left waiting;
- an upstream is told who the client is, and nothing in the clear where TLS was to be had;
- from the client's own address comes a connection to the mail server, and none to a scanner;
- a connection that is kept owes nothing, holds nothing, and nobody has authenticated on it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from mxward.model import Action, Arrival
from mxward.smtp.content import Content, Newlines
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity, header
from mxward.smtp.limits import Limits
from mxward.smtp.offers import Offers
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.secrecy import Auth, Tls
from mxward.smtp.vocabulary import (
    Abort,
    ClientBytes,
    ClientEnd,
    ClientGone,
    ClientSecured,
    Close,
    Connect,
    Connected,
    Decide,
    Decided,
    Effect,
    Event,
    Finish,
    Keep,
    Later,
    Learned,
    Log,
    SecureClient,
    SecureUpstream,
    Send,
    SendUpstream,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
    UpstreamSecured,
)
from tests.smtp.farend import FarEnd
from tests.smtp.nearend import NearEnd
from tests.smtp.player import MAIL_SERVER, NOW, PEER, decided, settings

__all__ = ["LOOP_MARK", "OFFERS", "Watched", "World", "canonical"]

OFFERS = Extensions(
    {
        "SIZE": "1000000",
        "8BITMIME": "",
        "SMTPUTF8": "",
        "DSN": "",
        "PIPELINING": "",
        "CHUNKING": "",
        "BINARYMIME": "",
        "AUTH": "PLAIN LOGIN EXTERNAL",
    }
)
LOOPED = "b@it.test"
LOOP_MARK = f"(mxward id=s0-1 mark={settings().mark.make('s0-1', [LOOPED])[0]})".encode()
"""What a message carries that was sent on to LOOPED before."""

_ONE_REPLY = re.compile(rb"(?:([2-5]\d\d)-[^\r\n\0]*\r\n(?=\1))*[2-5]\d\d [^\r\n\0]*\r\n")
_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_LACKING = re.compile(rb"55[02] 5\.(?:6\.[137]|3\.4) ")  # what the upstream lacks
_LAST_WORDS = (b"221", b"421", b"500", b"501", b"502", b"552", b"554")


def canonical(message: bytes) -> bytes:
    """What a message must look like upstream: the plainest way to say it."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")
    return b"\r\n".join(b".." if line == b"." else line for line in lines)


def stuffed(octets: bytes) -> bytes:
    """What a message that came in chunks must look like behind DATA."""
    lines = octets.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")
    if lines[-1]:
        lines.append(b"")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


@dataclass(frozen=True)
class World:
    """What the operator has set; `kept` are the connections that wait for their next client."""

    identity: Identity = Identity.PROXY_V1
    tls: Tls = Tls.NONE
    implicit: bool = False  # TLS from the first octet, on both sides
    auth: Auth = Auth.ALWAYS
    content: Content = field(default_factory=Content)
    size: int = 0
    kept: list[FarEnd] = field(default_factory=list)


@dataclass
class _Question:
    """A recipient that the policy was asked about, until the client has its answer."""

    arrival: Arrival
    decided: Decided | None = None
    offered: bool = False
    answer: bytes | None = None
    given_up: bool = False

    @property
    def may_go(self) -> bool:
        action = self.decided and self.decided.decision.action
        return action in (Action.PASS, Action.REROUTE)


class Watched:
    """Hand it events; an AssertionError says which law was broken."""

    def __init__(self, world: World | None = None, number: int = 0) -> None:
        self.world = world = world or World()
        client = ip_address(f"4.3.{number % 250}.120")
        self._peer = replace(PEER, client=client, id=f"s{number}", content=world.content)
        self._mail_server = replace(MAIL_SERVER, tls=world.tls, implicit=world.implicit)
        self._settings = settings(
            identity=world.identity,
            mail_server=self._mail_server,
            starttls=True,
            auth=world.auth,
            limits=Limits(message_size=world.size),
        )
        self.relay = Relay(self._peer, self._settings, Offers(self._settings, OFFERS))
        self.near = NearEnd()
        self.far: FarEnd | None = None
        self.closed = False
        self.stale: list[Arrival] = []  # questions that were given up
        self.authenticated: str | None = None
        self._preamble = header(world.identity, self._peer)
        self._questions: deque[_Question] = deque()
        self._kept_may_do = False
        self._handshake_failed = False
        self.securing = False  # the client is amid its handshake
        self._mechanism = ""
        self._secured = False
        self._helo = ""
        self._sender = ""  # the client's MAIL that was accepted
        self._accepted: list[str] = []  # its recipients that were accepted
        self._ended = False
        self._binary = False
        self._verdict: bytes | None = None
        self._secrets: list[str] = []
        self._openly: list[tuple[str, str]] = []  # who comes, from and to whom: as the log names it
        self._said: set[bytes] = set()  # all that any upstream has replied
        if world.implicit:
            self._secured = True
            assert self.relay.handle(ClientSecured(("c.test",)), NOW) == []
        (greeting,) = self.relay.greet()
        assert greeting == Send(b"220 mx.test ESMTP\r\n")

    @property
    def question(self) -> Arrival | None:
        """The open one."""
        last = self._questions[-1] if self._questions else None
        waits = last is not None and last.decided is None and not last.given_up
        return last.arrival if last and waits else None

    # -- events -------------------------------------------------------------------------------

    def client_says(self, data: bytes) -> None:
        if self.securing:
            return  # what comes amid the handshake is part of it
        if not self.closed:
            self.near.says(data)
        self._happens(ClientBytes(data))

    def client_shakes_hands(self) -> None:
        if self.securing:
            self.securing, self._secured = False, True
            self.authenticated, self._helo = None, ""
            self._happens(ClientSecured(("c.test",)))

    def client_ends(self) -> None:
        if not self.securing:
            self._ended = True
            self._happens(ClientEnd())

    def client_goes(self) -> None:
        self._happens(ClientGone())
        self.closed = True
        assert self.far is None, "the client is gone, and the upstream is not left"

    def policy_says(self, text: str) -> None:
        """`pass`, `refuse`, `reroute a`, ...: the answer to the open question."""
        arrival = self.question
        if arrival is not None and not self.closed:
            text = "pass" if arrival.authenticated else text  # the first of the policy's rules
            made = decided(text, arrival, self._mail_server)
            self._questions[-1].decided = made
            self._happens(made)

    def policy_says_too_late(self, text: str) -> None:
        if self.stale:
            late = decided(text, self.stale.pop(), self._mail_server)
            assert self.relay.handle(late, NOW) == [], "the answer to a question that was given up"

    def connection_stands(self) -> None:
        """A new one, or one that has served another client; each is told of once."""
        far, kept = self.far, None
        if far is not None and far.stands:
            return
        if far is not None:
            waiting = [x for x in self.world.kept if x.endpoint == far.endpoint]
            if waiting and self._kept_may_do:
                self.world.kept.remove(waiting[-1])
                self.far = waiting[-1]
                self.far.next_client()
                kept = Extensions(self.far.offers)
            far.stands = True
        self._happens(Connected(kept))
        if far is not None and self.far is far and far.endpoint.implicit:
            assert far.shaking or far.secured, "TLS does not come first"

    def upstream_says(self, data: bytes) -> None:
        far = self.far
        if far is not None:
            assert far.stands
            far.say(data)
            self._said.update(far.said)
            self._verdict = far.answers.get("END")
            self._handshake_failed = self._handshake_failed or (far.securing and far.broken)
            for asked, answer in far.heard:
                self._heard(asked, answer)
        self._happens(UpstreamBytes(data))

    def upstream_shakes_hands(self) -> None:
        if self.far is not None and self.far.shaking:
            self.far.secure()
            self._happens(UpstreamSecured())

    def upstream_goes(self) -> None:
        self._handshake_failed = self.far is not None and self.far.securing
        self.far = None
        self._happens(UpstreamGone())

    def time_runs_out(self) -> None:
        self._handshake_failed = self.far is not None and self.far.securing
        if self.question is not None:
            self._questions[-1].given_up = True
            self.stale.append(self._questions[-1].arrival)
        handshake = self.securing  # a STARTTLS that waited may be answered now: that is another
        self._happens(TimedOut())
        assert self.closed or not handshake, "the client may take its time for its handshake"

    def _heard(self, asked: str, answer: bytes) -> None:
        """An answer belongs to the first recipient without one; a refused MAIL, to all."""
        waiting = [x for x in self._questions if x.answer is None and self._is_meant(x)]
        if asked == "RCPT":
            next(x for x in waiting if x.offered).answer = answer
        elif asked == "MAIL" and answer[:1] in b"45":
            for question in waiting:
                question.answer = answer

    # -- effects ------------------------------------------------------------------------------

    def _happens(self, event: Event) -> None:
        effects = self.relay.handle(event, NOW)
        assert not (self.closed and effects), f"after the end: {effects}"
        for n, effect in enumerate(effects):
            assert not self.closed, f"after Close: {effects[n:]}"
            if not self._is_last_word(effects[n:]):
                _LAWS[type(effect)](self, effect)
        if not self.closed and not isinstance(event, ClientGone):
            self._nothing_is_left_waiting(effects)

    def _is_last_word(self, effects: list[Effect]) -> bool:
        """Whether it is a reply that needs no question: good-bye, or that it cannot go on."""
        match effects:
            case [Send(data), Close(), *_]:
                last = data[:3] in _LAST_WORDS
                assert last or self._ended, f"closed behind {data!r}"
                return last
        return False

    def _on_send(self, effect: Send) -> None:
        assert not self.securing, f"in the clear behind STARTTLS: {effect.data!r}"
        assert _ONE_REPLY.fullmatch(effect.data), f"no reply: {effect.data!r}"
        verb, line = self.near.answered(effect.data)
        law = _ANSWERS.get(verb)
        if law is not None:
            law(self, line, effect.data)
        assert verb in ("AUTH", "RESPONSE") or effect.data[:3] != b"334"
        assert verb == "DATA" or effect.data[:3] != b"354"

    def _on_greeted(self, line: bytes, answer: bytes) -> None:
        if answer[:1] == b"2":
            self._helo = line.partition(b" ")[2].decode().strip(" ")
            assert not (self._secured and b"STARTTLS" in answer)
            assert (b"AUTH PLAIN LOGIN\r\n" in answer) == (
                line[:4].upper() == b"EHLO" and self._passwords_may_go
            )
            assert b"EXTERNAL" not in answer

    @property
    def _passwords_may_go(self) -> bool:
        auth = self.world.auth
        return auth is Auth.ALWAYS or (auth is Auth.TLS and self._secured)

    def _on_mail_answer(self, line: bytes, answer: bytes) -> None:
        if answer[:1] == b"2":
            assert self._helo, "MAIL before EHLO"
            self._sender, self._accepted = line.decode(), []
            self._binary = b"BINARYMIME" in line.upper()

    def _on_rcpt_answer(self, _: bytes, answer: bytes) -> None:
        if not self.near.was_asked:
            assert answer[:1] in b"45", "a recipient was accepted, and nobody had decided"
            return
        if answer.startswith((b"500 5.5.", b"501 5.", b"555 5.5.4")) and answer not in self._said:
            self.near.asked_about_the_next()  # the same name, on a line that is no good
            return
        question = self._questions.popleft()
        if question.decided is None:
            assert question.given_up
            assert answer[:1] == b"4", "a question was given up"
            return
        action = question.decided.decision.action
        if action is Action.DEFER:
            assert answer.startswith(b"451")
        elif action is Action.REFUSE:
            assert answer.startswith(b"550")
        elif answer[:1] == b"2":
            assert question.answer == answer, "accepted on credit"
            self._accepted.append(question.arrival.recipient)
        elif answer[:1] == b"5":
            ours = _LACKING.match(answer)
            assert ours or answer in self._said, f"5xx of our own: {answer!r}"

    def _on_data_answer(self, _: bytes, answer: bytes) -> None:
        assert answer[:1] in b"345"
        if answer[:3] == b"354":
            assert self.far is not None and self.far.answers.get("DATA") == answer

    def _on_chunk_answer(self, octets: bytes, answer: bytes) -> None:
        far = self.far
        if answer[:1] == b"2":
            assert far is not None and not far.refused, "a chunk on credit"
            assert not far.broken or answer in self._said, "a chunk on credit"
            assert far.streaming or not far.owed, "a chunk on credit"
            assert far.recipients == self._accepted != []
        else:
            self._is_a_reason(answer, self.near.chunks)

    def _on_verdict(self, message: bytes, answer: bytes) -> None:
        if answer[:1] == b"2":
            assert self._verdict == answer, f"a message accepted on credit: {answer!r}"
        else:
            self._is_a_reason(answer, message)
        self._verdict = None

    def _is_a_reason(self, answer: bytes, message: bytes) -> None:
        """A refusal is the upstream's, or there is something to refuse."""
        content, size = self.world.content, self.world.size
        if answer.startswith(b"550 5.5.2"):
            assert _STRAY.search(message) and content.newlines is Newlines.REJECT
        elif answer.startswith(b"550 5.6.0"):
            assert b"\0" in message and not content.nul
        elif answer.startswith(b"552 5.3.4 The message is larger"):
            assert size and len(stuffed(message)) > size
        elif not answer.startswith((b"554 5.5.1 No valid", b"503 5.5.1 MAIL first")):
            assert answer[:1] == b"4" or answer in self._said, f"5xx of our own: {answer!r}"

    def _on_auth_answer(self, line: bytes, answer: bytes) -> None:
        if answer[:3] in (b"334", b"235"):
            assert self._passwords_may_go
            assert self.far is not None and self.far.answers.get("AUTH") == answer
        if answer[:3] == b"235":
            assert self.far is not None and self.far.authenticated
            self.authenticated = self._mechanism
        else:
            own = answer.startswith((b"50", b"538"))
            assert answer[:1] in b"34" or own or answer in self._said, f"of our own: {answer!r}"

    # -- towards the upstream -----------------------------------------------------------------

    def _on_send_upstream(self, effect: SendUpstream) -> None:
        far = self.far
        assert far is not None, f"sent to nobody: {effect.data!r}"
        for command, text in far.take(effect.data):
            _COMMANDS[command](self, far, text)

    def _goes_hello(self, far: FarEnd, name: str) -> None:
        ours = far.endpoint.scanner
        assert name == ("mx.test" if ours else self._helo), f"greets as {name}"

    def _goes_starttls(self, far: FarEnd, _: str) -> None:
        assert self.world.tls is not Tls.NONE and not far.secured

    def _goes_xclient(self, far: FarEnd, _: str) -> None:
        self._is_ready(far)
        assert self.world.identity is Identity.XCLIENT and not far.endpoint.scanner

    def _is_ready(self, far: FarEnd) -> None:
        """In TLS where it was to be had."""
        assert far.secured or not far.endpoint.implicit, "in the clear"
        if self.world.tls is Tls.VERIFIED:
            assert far.secured, "in the clear"
        elif self.world.tls is Tls.OPPORTUNISTIC and "STARTTLS" in far.offers:
            refused = far.answers.get("STARTTLS", b"2")[:1] != b"2"
            far.excused = far.excused or refused or self._handshake_failed
            assert far.secured or far.excused, "in the clear"

    def _knows_us(self, far: FarEnd) -> None:
        self._is_ready(far)
        if self.world.identity is Identity.XCLIENT and not far.endpoint.scanner:
            assert far.told.get("ADDR") == str(self._peer.client), "it takes us for somebody else"
            assert far.answers["XCLIENT"][:1] == b"2"

    def _goes_auth(self, far: FarEnd, text: str) -> None:
        self._knows_us(far)
        assert not far.endpoint.scanner and self._passwords_may_go
        line = self.near.unread.partition(b"\r\n")[0].decode()
        mechanism, *initial = text.split(" ")
        words = line.split()
        assert [words[0].upper(), words[1].upper(), *words[2:]] == ["AUTH", mechanism, *initial]
        assert mechanism in ("PLAIN", "LOGIN")
        self._mechanism = mechanism
        self._secrets += initial

    def _goes_response(self, _: FarEnd, text: str) -> None:
        line = self.near.unread.partition(b"\r\n")[0].decode("latin-1")
        assert self.near.in_exchange and text in (line, "*")
        self._secrets.append(text)

    def _goes_mail(self, far: FarEnd, path: str) -> None:
        self._knows_us(far)
        assert path == self._offered().arrival.sender, "another sender"

    def _goes_rcpt(self, far: FarEnd, path: str) -> None:
        question = self._offered()
        assert path == question.arrival.recipient, f"{path} was never decided on"
        assert far.sender == question.arrival.sender or "MAIL" in far.owed
        assert far.authenticated == bool(question.arrival.authenticated), "not as who it is"
        question.offered = True

    def _goes_data(self, far: FarEnd, _: str) -> None:
        assert self.near.unread[:4].upper() in (b"DATA", b"BDAT")
        assert far.recipients == self._accepted != []
        assert far.sender is not None and far.sender in self._sender
        assert not far.binary, "DATA cannot carry every octet"

    def _goes_chunk(self, far: FarEnd, _: str) -> None:
        assert self.near.unread[:4].upper() == b"BDAT"
        assert far.recipients == self._accepted != []
        assert far.sender is not None and far.sender in self._sender
        assert far.binary == self._binary

    def _goes_rset(self, _: FarEnd, __: str) -> None:
        assert self.near.unread[:4].upper() in (b"RSET", b"EHLO", b"HELO")

    def _goes_quit(self, _: FarEnd, __: str) -> None:
        """Good-bye may be said at any time; the far end has seen that it was its turn."""

    def _goes_end(self, far: FarEnd, _: str) -> None:
        assert not far.refused and not far.broken, "the end of a message that was refused"
        assert far.recipients == self._accepted != [], "the accepted recipients are not there"
        message = self.near.message
        assert message is not None, "the client has not ended its message"
        content = self.world.content
        by_chunks = not self.near.in_message
        if not far.binary:
            assert content.nul or b"\0" not in message
            assert content.newlines is Newlines.NORMALISE or not _STRAY.search(message)
        sent = canonical(message) if not by_chunks else stuffed(message)
        if far.chunked:
            lines = message.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")
            sent = message if far.binary else b"\r\n".join(lines)
        received = self._taken_off(far, sent)
        assert received == sent, f"another message: {received!r}"
        assert not self.world.size or len(sent) <= self.world.size, "larger than is taken"

    def _taken_off(self, far: FarEnd, sent: bytes) -> bytes:
        """The message without the header that a rerouted one has got on top."""
        message = far.message or b""
        if not far.endpoint.scanner:
            return message
        received = re.match(rb"Received: from \S+ \(\[\S+\]\)\r\n(?:\t.*\r\n){3,}?", message)
        assert received and message.endswith(sent)
        assert re.fullmatch(rb"(?:\t[^\r]+\r\n)*", message[received.end() : -len(sent) or None])
        looped = LOOPED in [to.lower() for to in far.recipients]
        looped = looped and LOOP_MARK in sent.partition(b"\r\n\r\n")[0]
        assert not looped or sent.startswith(b"\r\n"), "a message sent round in a loop"
        return sent

    def _is_meant(self, question: _Question) -> bool:
        """Whether this recipient may go to the present upstream."""
        made, far = question.decided, self.far
        if made is None or far is None or not question.may_go:
            return False
        passes = made.decision.action is Action.PASS
        endpoints = (self._mail_server,) if passes else made.endpoints
        return far.endpoint.address in [x.address for x in endpoints]

    def _offered(self) -> _Question:
        """The decided recipient whose turn it is, which the upstream must be meant for."""
        question = next((x for x in self._questions if x.may_go and not x.offered), None)
        assert question is not None, "no recipient waits"
        assert self._is_meant(question), "another route"
        return question

    # -- connections and the rest -------------------------------------------------------------

    def _on_decide(self, effect: Decide) -> None:
        arrival = effect.arrival
        assert self.question is None, "two questions at once"
        assert not self.near.in_message and not self.near.in_exchange
        self.near.question(arrival.recipient)
        assert arrival.sender in self._sender
        assert arrival.helo == self._helo
        assert arrival.authenticated == self.authenticated
        assert arrival.certificates == (("c.test",) if self._secured else ())
        who, sender, recipient = arrival.helo, arrival.sender, arrival.recipient
        self._openly += [("helo", who), ("from", sender), ("to", recipient)]
        self._questions.append(_Question(arrival))

    def _on_connect(self, effect: Connect) -> None:
        assert self.far is None, "two upstreams at once"
        endpoint = effect.endpoint
        own = self.world.identity is Identity.TRANSPARENT and not endpoint.scanner
        assert effect.source == (self._peer.client if own else None), "comes as somebody else"
        assert endpoint.implicit == (self.world.implicit and not endpoint.scanner)
        assert not effect.kept or self.world.identity is Identity.XCLIENT
        assert not (effect.kept and endpoint.scanner)
        if endpoint.tls is not self.world.tls:
            assert (self.world.tls, endpoint.tls) == (Tls.OPPORTUNISTIC, Tls.NONE)
            assert self._handshake_failed, "in the clear without need"
            assert not endpoint.implicit, "nothing in the clear is to be had there"
        else:
            self._handshake_failed = False
        self.far = FarEnd(endpoint, b"" if endpoint.scanner else self._preamble)
        self._kept_may_do = effect.kept
        for question in self._questions:
            question.offered, question.answer = False, None
        if self.near.unread[:4].upper() == b"AUTH":
            assert endpoint.address == self._mail_server.address
        else:
            self._offered()

    def _on_secure_client(self, effect: SecureClient) -> None:
        assert effect.data[:3] == b"220"
        assert self.near.unread.upper() == b"STARTTLS\r\n", "something stands behind STARTTLS"
        assert self.far is None and not self._secured
        self.near.unread, self.securing = b"", True

    def _on_secure_upstream(self, effect: SecureUpstream) -> None:
        far = self.far
        assert far is not None and far.stands and far.securing and not far.shaking
        assert not far.preamble, "who the client is belongs before TLS"
        assert effect.endpoint == far.endpoint
        far.shaking = True

    def _on_keep(self, effect: Keep) -> None:
        far = self.far
        assert far is not None and self.world.identity is Identity.XCLIENT
        assert far.stands and not far.endpoint.scanner
        assert not far.owed and not far.halfway, "it owes something"
        assert far.sender is None and not far.streaming and not far.chunked, "it holds something"
        assert not far.authenticated and not far.challenged, "it takes us for somebody"
        assert far.clean and not far.broken and not far.securing
        assert effect.endpoint == replace(far.endpoint, tls=self.world.tls)
        far.endpoint = effect.endpoint  # as whoever asks for it will
        assert effect.extensions.keywords == far.offers
        self.world.kept.append(far)
        self.far = None

    def _on_abort(self, _: Abort) -> None:
        assert self.far is not None, "nothing to abort"
        self.far = None

    def _on_finish(self, _: Finish) -> None:
        assert self.far is not None and list(self.far.owed) == ["QUIT"]
        self.far = None

    def _on_later(self, _: Later) -> None:
        """The next event goes on with what waits."""

    def _on_learned(self, effect: Learned) -> None:
        assert self.far is not None and not self.far.endpoint.scanner
        assert effect.extensions.keywords == self.far.offers

    def _on_close(self, _: Close) -> None:
        self.closed = True
        assert self.far is None, "closed, and the upstream is not left"

    def _on_log(self, log: Log) -> None:
        told = str([item for item in log.fields.items() if item not in self._openly])
        assert not any(len(x) > 5 and x in told for x in self._secrets), "a password in the log"

    # -- the state of things ------------------------------------------------------------------

    def _nothing_is_left_waiting(self, effects: list[Effect]) -> None:
        phase, far, near = self.relay.phase, self.far, self.near
        if phase is Phase.DECISION:
            assert self.question is not None, "waits for a decision that nobody was asked for"
        elif phase is Phase.TLS:
            assert self.securing
        elif phase is Phase.COMMAND:
            assert not near.in_message and not near.in_exchange
            assert not near.waits or Later() in effects, "a command is not answered"
        elif phase is Phase.DATA:
            assert near.in_message and not near.waits
        elif phase in (Phase.CHUNK, Phase.DRAIN):
            assert near.in_chunk
        elif phase is Phase.AUTH_LINE:
            assert near.in_exchange and not near.waits
        else:
            assert far is not None and far.asked, f"waits for {phase.value} of nobody"


_ANSWERS: dict[str, Callable[[Watched, bytes, bytes], None]] = {
    "HELO": Watched._on_greeted,
    "EHLO": Watched._on_greeted,
    "MAIL": Watched._on_mail_answer,
    "RCPT": Watched._on_rcpt_answer,
    "DATA": Watched._on_data_answer,
    "BDAT": Watched._on_chunk_answer,
    "END": Watched._on_verdict,
    "AUTH": Watched._on_auth_answer,
    "RESPONSE": Watched._on_auth_answer,
}

_COMMANDS: dict[str, Callable[[Watched, FarEnd, str], None]] = {
    "EHLO": Watched._goes_hello,
    "HELO": Watched._goes_hello,
    "STARTTLS": Watched._goes_starttls,
    "XCLIENT": Watched._goes_xclient,
    "AUTH": Watched._goes_auth,
    "RESPONSE": Watched._goes_response,
    "MAIL": Watched._goes_mail,
    "RCPT": Watched._goes_rcpt,
    "DATA": Watched._goes_data,
    "BDAT": Watched._goes_chunk,
    "END": Watched._goes_end,
    "RSET": Watched._goes_rset,
    "QUIT": Watched._goes_quit,
}

_LAWS: dict[type, Callable[[Watched, Any], None]] = {
    Abort: Watched._on_abort,
    Close: Watched._on_close,
    Connect: Watched._on_connect,
    Decide: Watched._on_decide,
    Finish: Watched._on_finish,
    Keep: Watched._on_keep,
    Later: Watched._on_later,
    Learned: Watched._on_learned,
    Log: Watched._on_log,
    SecureClient: Watched._on_secure_client,
    SecureUpstream: Watched._on_secure_upstream,
    Send: Watched._on_send,
    SendUpstream: Watched._on_send_upstream,
}
