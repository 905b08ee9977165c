"""Reads a dialogue file and plays it against the relay.

    C> EHLO client.test       the client sends a line (CRLF is added)
    C>> DATA\\r\\nbare\\n       the client sends exactly these bytes (Python escapes)
    C< 250 OK                 the client is sent a line
    U> / U>> / U<             the same upstream: we send with `U>`, the upstream says with `U<`
    ? user@it.test            the policy is asked about this recipient
    = pass                    ... and answers: pass, defer, refuse, reroute A (a route's name)
    ! connect 192.0.2.25      an effect: connect, abort, finish, close, learned, log NAME
    @ connected               an event: connected, gone, client-end, client-gone, timeout
    # comment

Between two inputs the order of outputs counts; how bytes are cut into pieces does not.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

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
from mxward.smtp.envelope import Settings
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity, Peer
from mxward.smtp.relay import Relay
from mxward.smtp.rerouting import Mark, RateCap
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
    Endpoint,
    Event,
    Finish,
    Learned,
    Log,
    Send,
    SendUpstream,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
)

NOW = 1_290_000_000.0
PEER = Peer(ip_address("4.3.90.120"), 61593, ip_address("19.3.40.91"), 25, "s1")
MAIL_SERVER = Endpoint(ip_address("192.0.2.25"), 25)
EVENTS: dict[str, Callable[[], Event]] = {
    "connected": Connected,
    "gone": UpstreamGone,
    "client-end": ClientEnd,
    "client-gone": ClientGone,
    "timeout": TimedOut,
}

Cut = Callable[[bytes], Iterator[bytes]]


@dataclass(frozen=True)
class Line:
    kind: str  # "C>", "C<", "U>", "U<", "?", "=", "!", "@"
    text: bytes


def settings(**changes: object) -> Settings:
    values: dict[str, object] = {
        "hostname": "mx.test",
        "mark": Mark(b"k" * 32),
        "contact": "postmaster@mx.test",
        "identity": Identity.PROXY_V1,
        "caps": {"slow": RateCap(0)},
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def read(path: Path) -> list[Line]:
    lines = []
    for raw in path.read_text().splitlines():
        mark, _, text = raw.partition(" ")
        if not mark or mark.startswith("#"):
            continue
        if mark in ("C>>", "U>>", "C<<", "U<<"):
            lines.append(Line(mark[:2], codecs.escape_decode(text.encode())[0]))  # type: ignore[attr-defined]
        elif mark in ("C>", "C<", "U>", "U<"):
            lines.append(Line(mark, text.encode() + b"\r\n"))
        else:
            lines.append(Line(mark, text.encode()))
    return merged(lines)


def merged(lines: list[Line]) -> list[Line]:
    """Neighbouring bytes of one direction are one piece: how they were cut is not the point."""
    out: list[Line] = []
    for line in lines:
        if out and out[-1].kind == line.kind and line.kind in ("C>", "C<", "U>", "U<"):
            out[-1] = Line(line.kind, out[-1].text + line.text)
        else:
            out.append(line)
    return out


def play(lines: list[Line], cut: Cut, settings: Settings, mail_server: Extensions) -> list[Line]:
    """Feed the inputs of a dialogue to a relay; return the dialogue as it really went."""
    relay = Relay(PEER, settings, mail_server)
    asked: list[Arrival] = []
    went = [seen for effect in relay.greet() for seen in _shown(effect, asked)]
    for line in lines:
        if line.kind in ("C<", "U>", "!", "?"):
            continue
        went.append(line)
        for event in _events(line, cut, asked):
            for effect in relay.handle(event, NOW):
                went += _shown(effect, asked)
    return merged(went)


def _events(line: Line, cut: Cut, asked: list[Arrival]) -> Iterator[Event]:
    if line.kind == "C>":
        yield from (ClientBytes(piece) for piece in cut(line.text))
    elif line.kind == "U<":
        yield from (UpstreamBytes(piece) for piece in cut(line.text))
    elif line.kind == "@":
        yield EVENTS[line.text.decode()]()
    else:
        yield _decided(line.text.decode(), asked.pop())


def _shown(effect: Effect, asked: list[Arrival]) -> list[Line]:
    match effect:
        case Send(data):
            return [Line("C<", data)]
        case SendUpstream(data):
            return [Line("U>", data)]
        case Decide(arrival):
            asked.append(arrival)
            return [Line("?", arrival.recipient.encode())]
        case Connect(endpoint):
            return [Line("!", f"connect {endpoint.address}".encode())]
        case Abort():
            return [Line("!", b"abort")]
        case Finish():
            return [Line("!", b"finish")]
        case Close():
            return [Line("!", b"close")]
        case Learned():
            return [Line("!", b"learned")]
        case Log(event):
            return [Line("!", f"log {event}".encode())] if event == "loop" else []


def _decided(text: str, arrival: Arrival) -> Decided:
    """The policy's answer. `reroute a` goes to a1 and a2, `reroute slow` has used up its rate."""
    word, _, route = text.partition(" ")
    action = Action(word)
    targets: tuple[Exchange, ...] = ()
    endpoints: tuple[Endpoint, ...] = (MAIL_SERVER,)
    if action is Action.REROUTE:
        addresses = [ip_address("198.51.100.1"), ip_address("198.51.100.2")]
        targets = tuple(
            Exchange(10 * n, f"{route}{n}.scanner.test", (a,), route)
            for n, a in enumerate(addresses, 1)
        )
        endpoints = tuple(Endpoint(x.addresses[0], 25, x.name, route) for x in targets)
    evidence = Evidence("it.test", FrontDoor(Known.FOUND, targets or _FRONT))
    decision = Decision(
        action, action, Stage.REROUTE, Door.BACK, Reason.BACK_DOOR, evidence, targets
    )
    return Decided(arrival, decision, endpoints)


_FRONT = (Exchange(10, "a1.scanner.test", (ip_address("198.51.100.1"),), "a"),)
