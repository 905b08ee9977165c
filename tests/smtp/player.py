"""Plays a dialogue's inputs to a relay, and writes down what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address

from mxward.model import (
    Action,
    Arrival,
    Decision,
    Door,
    Evidence,
    Exchange,
    FrontDoor,
    Known,
    Reason,
    Stage,
)
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity, Peer
from mxward.smtp.offers import Offers
from mxward.smtp.relay import Relay
from mxward.smtp.rerouting import Mark, RateCap
from mxward.smtp.secrecy import Tls
from mxward.smtp.settings import Settings
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
    Endpoint,
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
from tests.smtp.premises import Premises
from tests.smtp.transcript import INPUTS, Line, merged

__all__ = ["MAIL_SERVER", "NOW", "PEER", "Cut", "decided", "play", "settings", "whole"]

NOW = 1_290_000_000.0
PEER = Peer(ip_address("4.3.90.120"), 61593, ip_address("19.3.40.91"), 25, "s1")
MAIL_SERVER = Endpoint(ip_address("192.0.2.25"), 25)
EVENTS: dict[str, Callable[[], Event]] = {
    "connected": Connected,
    "gone": UpstreamGone,
    "client-end": ClientEnd,
    "client-gone": ClientGone,
    "timeout": TimedOut,
    "secured": ClientSecured,
    "upstream-secured": UpstreamSecured,
}

Cut = Callable[[bytes], Iterator[bytes]]


def settings(**changes: object) -> Settings:
    values: dict[str, object] = {
        "hostname": "mx.test",
        "mark": Mark(b"k" * 32),
        "contact": "postmaster@mx.test",
        "identity": Identity.PROXY_V1,
        "caps": {"slow": RateCap(0)},
        "mail_server": MAIL_SERVER,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def play(lines: list[Line], cut: Cut, settings: Settings, mail_server: Extensions) -> list[Line]:
    """Feed the inputs of a dialogue to a relay; return the dialogue as it really went."""
    premises = Premises(settings, mail_server)
    went = [line for line in lines if line.kind == "%"]
    for line in went:
        premises = premises.with_(line)
    player = _Player(whole if premises.whole else cut, premises)
    went += player.session(PEER)
    for line in lines:
        if line.kind in INPUTS and line.kind != "%":
            went.append(line)
            went += player.take(line)
    return merged(went)


class _Player:
    def __init__(self, cut: Cut, premises: Premises) -> None:
        self._cut = cut
        self._premises = premises
        self._settings = premises.settings
        self._kept: Extensions | None = None  # what the last connection that was kept has offered
        self._now = NOW
        self._sessions = 0
        self._asked: list[Arrival] = []

    def session(self, peer: Peer) -> list[Line]:
        """A client connects."""
        self._sessions += 1
        peer = replace(peer, content=self._premises.content)
        offers = Offers(self._settings, self._premises.mail_server)
        self._relay = Relay(peer, self._settings, offers)
        if self._settings.mail_server.implicit:  # TLS comes first on this side, too
            self._relay.handle(ClientSecured(), self._now)
        return self._shown(self._relay.greet())

    def take(self, line: Line) -> list[Line]:
        """One input, and what follows from it."""
        word, _, argument = line.text.decode("latin-1").partition(" ")
        if line.kind == "@" and word == "session":
            number = f"s{self._sessions + 1}"
            client = ip_address(argument)
            return self.session(Peer(client, 61593, PEER.server, PEER.server_port, number))
        if line.kind == "@" and word == "later":
            self._now += float(argument)
            return []
        events = self._events(line)
        return [seen for e in events for seen in self._shown(self._relay.handle(e, self._now))]

    def _events(self, line: Line) -> Iterator[Event]:
        if line.kind == "C>":
            yield from (ClientBytes(piece) for piece in self._cut(line.text))
        elif line.kind == "U<":
            yield from (UpstreamBytes(piece) for piece in self._cut(line.text))
        elif line.text == b"connected kept":
            yield Connected(self._kept)
        elif line.kind == "@":
            yield EVENTS[line.text.decode()]()
        else:
            yield decided(line.text.decode(), self._asked.pop(), self._settings.mail_server)

    def _shown(self, effects: list[Effect]) -> list[Line]:
        self._asked += [effect.arrival for effect in effects if isinstance(effect, Decide)]
        self._kept = next((x.extensions for x in effects if isinstance(x, Keep)), self._kept)
        return [line for effect in effects for line in _shown(effect, self._settings)]


def whole(data: bytes) -> Iterator[bytes]:
    """No cut at all."""
    yield data


def _shown(effect: Effect, settings: Settings) -> list[Line]:
    match effect:
        case Send(data):
            return [Line("C<", data)]
        case SendUpstream(data):
            return [Line("U>", data)]
        case Decide(arrival):
            return [Line("?", arrival.recipient.encode())]
        case Connect(endpoint, kept, source):
            clear = endpoint.tls is Tls.NONE and settings.mail_server.tls is not Tls.NONE
            how = " or kept" * kept + " in the clear" * clear
            how += f" as {source}" if source else ""
            return [Line("!", f"connect {endpoint.address}{how}".encode())]
        case SecureClient(data):
            return [Line("C<", data), Line("!", b"secure")]
        case SecureUpstream():
            return [Line("!", b"secure-upstream")]
        case Keep():
            return [Line("!", b"keep")]
        case Abort():
            return [Line("!", b"abort")]
        case Finish():
            return [Line("!", b"finish")]
        case Close():
            return [Line("!", b"close")]
        case Later():
            return []  # no dialogue is that long
        case Learned():
            return [Line("!", b"learned")]
        case Log(event):
            told = event in ("loop", "auth")
            return [Line("!", f"log {event}".encode())] if told else []


def decided(text: str, arrival: Arrival, mail_server: Endpoint = MAIL_SERVER) -> Decided:
    """The policy's answer. `reroute a` goes to a1 and a2, `reroute slow` has used up its rate."""
    word, _, route = text.partition(" ")
    action = Action(word)
    targets: tuple[Exchange, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    if action is Action.REROUTE:
        addresses = [ip_address("198.51.100.1"), ip_address("198.51.100.2")]
        targets = tuple(
            Exchange(10 * n, f"{route}{n}.scanner.test", (a,), route)
            for n, a in enumerate(addresses, 1)
        )
        tls = mail_server.tls
        endpoints = tuple(Endpoint(x.addresses[0], 25, x.name, route, tls) for x in targets)
    evidence = Evidence("it.test", FrontDoor(Known.FOUND, targets or _FRONT))
    decision = Decision(
        action, action, Stage.REROUTE, Door.BACK, Reason.BACK_DOOR, evidence, targets
    )
    return Decided(arrival, decision, endpoints)


_FRONT = (Exchange(10, "a1.scanner.test", (ip_address("198.51.100.1"),), "a"),)
