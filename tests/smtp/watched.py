"""A relay under watch: every effect is held against the laws that no session may break.

- only a recipient that was decided on, and not answered yet, goes upstream, by its own route,
  with its own sender;
- the dot goes upstream only behind exactly what the client sent, when nothing stands against it;
- the client's 2xx to a recipient and to a message is the upstream's, and so is each 5xx that
  is no refusal; the client's 354 is the upstream's;
- each command and each message is answered once, in order, and nothing is left waiting;
- upstream commands wait for each other, and nothing follows a Close.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mxward.model import Action, Arrival
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import header
from mxward.smtp.offers import Offers
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.vocabulary import (
    Abort,
    ClientBytes,
    ClientEnd,
    ClientGone,
    Close,
    Connect,
    Connected,
    Decide,
    Decided,
    Effect,
    Event,
    Finish,
    Later,
    Learned,
    Log,
    Send,
    SendUpstream,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
)
from tests.smtp.farend import FarEnd, end_of_message
from tests.smtp.player import NOW, PEER, decided, settings

__all__ = ["LOOP_MARK", "OFFERS", "Watched", "canonical"]

OFFERS = Extensions({"SIZE": "1000000", "8BITMIME": "", "SMTPUTF8": "", "DSN": ""})
LOOPED = "b@it.test"
LOOP_MARK = f"(mxward id=s0-1 mark={settings().mark.make('s0-1', [LOOPED])[0]})".encode()
"""What a message carries that was sent on to LOOPED before."""

_ONE_REPLY = re.compile(rb"(?:([2-5]\d\d)-[^\r\n\0]*\r\n(?=\1))*[2-5]\d\d [^\r\n\0]*\r\n")
_OURS = re.compile(rb"55[02] 5\.(?:6\.[37]|3\.4) ")  # what the upstream lacks


def canonical(message: bytes) -> bytes:
    """What a message must look like upstream: the plainest way to say it."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b" ").split(b"\n")
    return b"\r\n".join(b".." if line == b"." else line for line in lines)


class Watched:
    """Hand it events; an AssertionError says which law was broken."""

    def __init__(self) -> None:
        self._settings = settings()
        self.relay = Relay(PEER, self._settings, Offers(self._settings, OFFERS))
        self.closed = False
        self.question: Arrival | None = None  # the open one
        self.stale: list[Arrival] = []  # those that were given up
        self.far: FarEnd | None = None
        self._preamble = header(self._settings.identity, PEER)
        self._offer: Decided | None = None  # decided, and not answered yet
        self._sender = ""  # the client's MAIL that was accepted
        self._accepted: list[str] = []  # its recipients that were accepted
        self._ended = False
        self._unread = b""  # of the client, not answered yet
        self._in_message = False
        self._verdict: bytes | None = None
        self._said: set[bytes] = set()  # all that any upstream has replied
        (greeting,) = self.relay.greet()
        assert greeting == Send(b"220 mx.test ESMTP\r\n")

    # -- events -------------------------------------------------------------------------------

    def client_says(self, data: bytes) -> None:
        if not self.closed:
            self._unread += data
        self._happens(ClientBytes(data))

    def client_ends(self) -> None:
        self._ended = True
        self._happens(ClientEnd())

    def client_goes(self) -> None:
        self._happens(ClientGone())
        self.closed = True
        assert self.far is None, "the client is gone, and the upstream is not left"

    def policy_says(self, text: str) -> None:
        """`pass`, `refuse`, `reroute a`, ...: the answer to the open question."""
        if self.question is not None and not self.closed:
            question, self.question = self.question, None
            self._offer = decided(text, question)
            self._happens(self._offer)

    def policy_says_too_late(self, text: str) -> None:
        if self.stale:
            late = decided(text, self.stale.pop())
            assert self.relay.handle(late, NOW) == [], "the answer to a question that was given up"

    def connection_stands(self) -> None:
        if self.far is not None:
            self.far.stands = True
        self._happens(Connected())

    def upstream_says(self, data: bytes) -> None:
        if self.far is not None:
            assert self.far.stands
            self.far.say(data)
            self._said.update(self.far.said)
            self._verdict = self.far.answers.get("END")
        self._happens(UpstreamBytes(data))

    def upstream_goes(self) -> None:
        self.far = None
        self._happens(UpstreamGone())

    def time_runs_out(self) -> None:
        self._happens(TimedOut())

    # -- effects ------------------------------------------------------------------------------

    def _happens(self, event: Event) -> None:
        effects = self.relay.handle(event, NOW)
        assert not (self.closed and effects), f"after the end: {effects}"
        for n, effect in enumerate(effects):
            assert not self.closed, f"after Close: {effects[n:]}"
            if not self._is_last_word(effects[n:]):
                _LAWS[type(effect)](self, effect)
        if not self.closed and not isinstance(event, ClientGone):
            self._nothing_is_left_waiting()

    def _is_last_word(self, effects: list[Effect]) -> bool:
        """Whether it is a reply that needs no question: good-bye, or that it cannot go on."""
        match effects:
            case [Send(data), Close(), *_]:
                last = data[:3] in (b"221", b"421", b"500", b"502")
                assert last or self._ended, f"closed behind {data!r}"
                return last
        return False

    def _on_send(self, effect: Send) -> None:
        assert _ONE_REPLY.fullmatch(effect.data), f"no reply: {effect.data!r}"
        offer, self._offer = self._offer, None
        if self.question is not None:
            self.stale.append(self.question)
            self.question = None
        if self._in_message:
            self._on_verdict(effect.data)
            return
        line, crlf, self._unread = self._unread.partition(b"\r\n")
        assert crlf, f"nobody asked for {effect.data!r}"
        self._on_answer(line, effect.data, offer)

    def _on_answer(self, line: bytes, answer: bytes, offer: Decided | None) -> None:
        verb, code = line[:4].upper(), answer[:1]
        if offer is not None:
            assert verb == b"RCPT"
            self._on_rcpt_answer(answer, offer.decision.action)
            self._accepted += [offer.arrival.recipient] * (code == b"2")
        elif verb == b"RCPT":
            assert code in b"45", "a recipient was accepted, and nobody had decided"
        elif verb == b"MAIL" and code == b"2":
            self._sender, self._accepted = line.decode(), []
        elif verb == b"DATA":
            assert code in b"345"
        if answer[:3] == b"354":
            assert verb == b"DATA"
            assert self.far is not None and self.far.answers.get("DATA") == answer
            self._in_message = True

    def _on_rcpt_answer(self, answer: bytes, action: Action) -> None:
        far = self.far
        if action is Action.DEFER:
            assert answer.startswith(b"451")
        elif action is Action.REFUSE:
            assert answer.startswith(b"550")
        elif answer[:1] == b"2":
            assert far is not None and far.answers.get("RCPT") == answer, "accepted on credit"
        elif answer[:1] == b"5":
            assert _OURS.match(answer) or answer in self._said, f"5xx of our own: {answer!r}"

    def _on_verdict(self, verdict: bytes) -> None:
        end = end_of_message(self._unread)
        assert end >= 0, "a verdict before the end of the message"
        self._unread = self._unread[end + 3 :]
        self._in_message = False
        if verdict[:1] == b"2":
            assert self._verdict == verdict, f"a message accepted on credit: {verdict!r}"
        elif verdict[:1] == b"5":
            assert verdict in self._said, f"5xx of our own: {verdict!r}"
        else:
            assert verdict[:1] == b"4"

    def _on_send_upstream(self, effect: SendUpstream) -> None:
        far = self.far
        assert far is not None, f"sent to nobody: {effect.data!r}"
        for command, path in far.take(effect.data):
            if command == "MAIL":
                assert path == self._offered(far).arrival.sender, "another sender"
            elif command == "RCPT":
                arrival = self._offered(far).arrival
                assert path == arrival.recipient, f"{path} was never decided on"
                assert far.sender == arrival.sender, "the sender of another message"
            elif command == "DATA":
                assert self._unread[:4].upper() == b"DATA"
                assert far.recipients == self._accepted != []
            elif command == "END":
                self._on_dot(far)

    def _offered(self, far: FarEnd) -> Decided:
        """The decided recipient that waits, which this upstream must be meant for."""
        offer = self._offer
        assert offer is not None, "no recipient waits"
        assert offer.decision.action in (Action.PASS, Action.REROUTE)
        assert far.endpoint in offer.endpoints, "another route"
        return offer

    def _on_dot(self, far: FarEnd) -> None:
        assert self._in_message, "a dot without a message"
        assert not far.refused and not far.broken, "a dot for a message that was refused"
        assert far.recipients == self._accepted != [], "the accepted recipients are not there"
        end = end_of_message(self._unread)
        assert end >= 0, "the client has not ended its message"
        sent, message = canonical(self._unread[:end]), far.message or b""
        if far.endpoint.scanner:
            received = re.match(rb"Received: from \S+ \(\[\S+\]\)\r\n(?:\t.*\r\n){3,}?", message)
            assert received and message.endswith(sent)
            assert re.fullmatch(rb"(?:\t[^\r]+\r\n)*", message[received.end() : -len(sent) or None])
            looped = LOOPED in [to.lower() for to in far.recipients]
            looped = looped and LOOP_MARK in sent.partition(b"\r\n\r\n")[0]
            assert not looped or sent.startswith(b"\r\n"), "a message sent round in a loop"
        else:
            assert message == sent

    def _on_decide(self, effect: Decide) -> None:
        line, crlf, _ = self._unread.partition(b"\r\n")
        assert self.question is None and self._offer is None
        assert crlf and line[:4].upper() == b"RCPT" and not self._in_message
        assert effect.arrival.recipient in line.decode()
        assert effect.arrival.sender in self._sender
        self.question = effect.arrival

    def _on_connect(self, effect: Connect) -> None:
        assert self.far is None, "two upstreams at once"
        preamble = b"" if effect.endpoint.scanner else self._preamble
        self.far = FarEnd(effect.endpoint, preamble)
        self._offered(self.far)

    def _on_abort(self, _: Abort) -> None:
        assert self.far is not None, "nothing to abort"
        self.far = None

    def _on_finish(self, _: Finish) -> None:
        assert self.far is not None and self.far.asked == "QUIT"
        self.far = None

    def _on_later(self, _: Later) -> None:
        """The next event goes on with what waits."""

    def _on_learned(self, _: Learned) -> None:
        assert self.far is not None and not self.far.endpoint.scanner

    def _on_close(self, _: Close) -> None:
        self.closed = True
        assert self.far is None, "closed, and the upstream is not left"

    def _on_log(self, _: Log) -> None:
        pass

    # -- the state of things ------------------------------------------------------------------

    def _nothing_is_left_waiting(self) -> None:
        phase, far = self.relay.phase, self.far
        if phase is Phase.DECISION:
            assert self.question is not None, "waits for a decision that nobody was asked for"
        elif phase is Phase.COMMAND:
            assert not self._in_message
            assert b"\r\n" not in self._unread, "a command is not answered"
        elif phase is Phase.DATA:
            assert self._in_message
            assert end_of_message(self._unread) < 0, "a message is not answered"
        else:
            assert far is not None and far.asked, f"waits for {phase.value} of nobody"


_LAWS: dict[type, Callable[[Watched, Any], None]] = {
    Abort: Watched._on_abort,
    Close: Watched._on_close,
    Connect: Watched._on_connect,
    Decide: Watched._on_decide,
    Finish: Watched._on_finish,
    Later: Watched._on_later,
    Learned: Watched._on_learned,
    Log: Watched._on_log,
    Send: Watched._on_send,
    SendUpstream: Watched._on_send_upstream,
}
