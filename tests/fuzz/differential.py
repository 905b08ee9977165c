"""The differential oracle: three who have seen the same session must agree on the mail in it.

    python -m tests.fuzz.differential --seconds 60 --seed 1
    python -m tests.fuzz.differential --seed 4711 --sessions 1      (one session again)

The client says which messages it was told are taken; the log, which recipients were decided on and
which messages had a positive verdict; a strict reader behind the relay, what it was given. For any
octets that a client sends, all three must name the same messages, with the same recipients and the
same text. What goes upstream must read the same to a server that takes a bare CR or LF for a line's
end. The same streams go to real servers in tests/integration/test_smuggling.py.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mxward.model import Action
from mxward.smtp.content import Content, Newlines
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity, header
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
    Effect,
    Event,
    Finish,
    Keep,
    Later,
    Log,
    SecureClient,
    Send,
    SendUpstream,
    UpstreamBytes,
)
from tests.fuzz.sessions import random_pieces
from tests.smtp import reference
from tests.smtp.farend import FarEnd
from tests.smtp.fragments import ANSWERS
from tests.smtp.nearend import NearEnd
from tests.smtp.player import NOW, PEER, decided, settings

__all__ = ["CHUNKING", "DATA_ONLY", "Session", "play"]

DATA_ONLY = b"250-mail.test\r\n250-SIZE 100000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
CHUNKING = b"250-mail.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n"
CONTENTS = (Content(), Content(Newlines.REJECT), Content(nul=True), Content(Newlines.REJECT, True))
POLICIES = ({"it.co.za": "refuse"}, {"it.co.za": "reroute a"}, {"direct.example": "reroute a"})

_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_RECEIVED = re.compile(rb"Received: [^\r\n]*\r\n(?:\t[^\r\n]*\r\n)+")


@dataclass(frozen=True)
class Given:
    """A message that the reader behind the relay has taken."""

    sender: str
    recipients: tuple[str, ...]
    text: bytes
    size: int


def _refused(far: FarEnd) -> bool:
    return b"virus" in (far.message or b"")


class Session:
    """One client, a relay, and servers behind it that play along. `play` raises AssertionError."""

    def __init__(self, content: Content, ehlo: bytes, policy: dict[str, str]) -> None:
        self.taken: list[bytes] = []  # the client's view: messages with a 2xx
        self.given: list[Given] = []  # the reader's: messages that it has taken
        self.logged: list[tuple[str, tuple[str, ...], int]] = []
        self._content = content
        self._ehlo = ehlo
        self._policy = policy
        self._peer = replace(PEER, content=content)
        made = settings(identity=Identity.PROXY_V1, starttls=True)
        self._relay = Relay(self._peer, made, Offers(made, Extensions({"8BITMIME": ""})))
        self._near = NearEnd()
        self._far: FarEnd | None = None
        self._streamed = b""  # of a message that has not ended
        self._paths: deque[str] = deque()  # that wait for their answers
        self._decided: set[tuple[str, bool]] = set()  # recipients that may go, and if rerouted
        self._accepted: dict[object, list[str]] = {}  # by the log, of each message
        self._senders: dict[object, str] = {}
        self._events: deque[Event] = deque()
        self._closed = False
        self._relay.greet()

    def play(self, pieces: Sequence[bytes]) -> None:
        """A whole session."""
        for piece in pieces:
            if not self._closed:
                self._near.says(piece)
                self._happens(ClientBytes(piece))
        self._happens(ClientEnd())
        assert self._closed and self._relay.phase is Phase.CLOSED, "something is still owed"
        assert self._far is None
        self._all_agree()

    def _all_agree(self) -> None:
        assert self.taken == [given.text for given in self.given]
        assert self.logged == [(x.sender, x.recipients, x.size) for x in self.given]

    # -- the relay ----------------------------------------------------------------------------

    def _happens(self, event: Event) -> None:
        self._events.append(event)
        while self._events:
            effects = self._relay.handle(self._events.popleft(), NOW)
            last_word = [type(effect) for effect in effects[-2:]] == [Send, Close]
            for effect in effects:
                final = last_word and effect is effects[-2]
                self._does(effect, final)

    def _does(self, effect: Effect, final: bool) -> None:
        match effect:
            case Send(data) if not final:
                self._client_hears(data)
            case SendUpstream(data):
                self._reader_hears(data)
            case Decide(arrival):
                domain = arrival.recipient.rpartition("@")[2].lower()
                made = decided(self._policy.get(domain, "pass"), arrival)
                if made.decision.action in (Action.PASS, Action.REROUTE):
                    rerouted = made.decision.action is Action.REROUTE
                    self._decided.add((arrival.recipient, rerouted))
                self._events.append(made)
            case Connect(endpoint):
                preamble = b"" if endpoint.scanner else header(Identity.PROXY_V1, self._peer)
                self._far = FarEnd(endpoint, preamble)
                self._far.stands = True
                self._events.append(Connected())
                self._answer()
            case Abort() | Finish() | Keep():
                self._nothing_else_reads_it(self._streamed)
                self._far, self._streamed = None, b""
                late = (Connected, UpstreamBytes)  # of a connection that is no more
                self._events = deque(x for x in self._events if not isinstance(x, late))
            case Log(event, fields):
                self._log_says(event, dict(fields))
            case Later():
                self._events.append(ClientBytes(b""))
            case SecureClient():
                self._events.append(ClientGone())  # it can do no TLS
                self._closed, self._near.unread = True, b""
            case Close():
                self._closed = True
            case _:
                pass

    # -- those who see it ---------------------------------------------------------------------

    def _client_hears(self, answer: bytes) -> None:
        chunked = not self._near.in_message
        verb, line = self._near.answered(answer)
        if verb == "END" and answer.startswith(b"2"):
            self.taken.append(reference.meant(line, chunked))

    def _log_says(self, event: str, fields: dict[str, object]) -> None:
        message = fields.get("id")
        if event == "decision" and str(fields["reply"]).startswith("2"):
            assert fields["action"] in (Action.PASS, Action.REROUTE)
            self._accepted.setdefault(message, []).append(str(fields["to"]))
            self._senders[message] = str(fields["from"])
        elif event == "message" and str(fields["reply"]).startswith("2"):
            size = fields["size"]
            assert isinstance(size, int)
            recipients = tuple(self._accepted[message])
            assert len(recipients) == fields["recipients"]
            self.logged.append((self._senders[message], recipients, size))

    def _reader_hears(self, data: bytes) -> None:
        far = self._far
        assert far is not None
        if far.streaming:
            self._streamed += data
        for asked, text in far.take(data):
            if asked in ("MAIL", "RCPT"):
                self._paths.append(text)
            if asked == "RCPT":
                assert (text, bool(far.endpoint.scanner)) in self._decided, f"{text}: not decided"
            if asked == "END":
                self._takes(far)
        self._answer()

    def _takes(self, far: FarEnd) -> None:
        message = far.message or b""
        self._nothing_else_reads_it(message)
        if far.endpoint.scanner:
            received = _RECEIVED.match(message)
            assert received, "a rerouted message without its mark"
            message = message[received.end() :]
        self._streamed = b""
        assert far.sender is not None
        text = reference.filed(message, far.chunked)
        if not _refused(far):
            self.given.append(Given(far.sender, tuple(far.recipients), text, len(message)))

    def _answer(self) -> None:
        """All that is owed, at once."""
        far = self._far
        if far is None or not far.owed:
            return
        told = b""
        for asked in tuple(far.owed):
            answer = ANSWERS[asked] if asked != "EHLO" else self._ehlo
            if asked in ("MAIL", "RCPT") and self._paths.popleft().startswith("nobody"):
                answer = b"550 5.1.1 nobody\r\n"
            if asked == "END" and _refused(far):
                answer = b"554 5.7.1 virus\r\n"
            told += answer
        far.say(told)
        self._events.append(UpstreamBytes(told))

    def _nothing_else_reads_it(self, text: bytes) -> None:
        """Nobody who ends lines another way, and nobody who drops NUL, finds an end in it."""
        far = self._far
        if far is None or far.chunked:
            return
        assert not _STRAY.search(text)
        assert self._content.nul or b"\0" not in text
        assert b"." not in re.split(rb"\r\n|\r|\n", text)


def play(seed: int) -> Session:
    """One random session in a random world. Raises AssertionError."""
    rng = random.Random(seed)
    content, policy = rng.choice(CONTENTS), rng.choice(POLICIES)
    session = Session(content, rng.choice((DATA_ONLY, CHUNKING)), policy)
    session.play(random_pieces(seed))
    return session


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=sys.maxsize)
    wanted = parser.parse_args()
    end, seed, mail = time.monotonic() + wanted.seconds, wanted.seed, 0
    while seed < wanted.seed + wanted.sessions and time.monotonic() < end:
        try:
            mail += len(play(seed).given)
        except Exception:  # noqa: BLE001 - whatever it is, it is what we are looking for
            sys.stderr.write(f"{random_pieces(seed)}\nseed {seed}\n")
            traceback.print_exc()
            return 1
        seed += 1
    sys.stdout.write(f"{seed - wanted.seed} sessions, {mail} messages, next seed {seed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
