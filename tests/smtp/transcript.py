r"""Reads a dialogue file: one or more sessions of SMTP as a transcript.

    % identity xclient        what the operator has set, where it is not the usual; first of all:
                              identity, auth, tls (towards the mail server), newlines WORD;
                              limits NAME=NUMBER; offers KEYWORD... (so does the mail server);
                              starttls, nul, apart; whole (input is not cut into pieces);
                              implicit (TLS from the first octet, on both sides)
    C> EHLO client.test       the client sends a line (CRLF is added)
    C>> DATA\r\nbare\n         the client sends exactly these bytes (Python escapes)
    C< 250 OK                 the client is sent a line
    U> / U>> / U<             the same upstream: we send with `U>`, the upstream says with `U<`
    ? user@it.test            the policy is asked about this recipient
    = pass                    ... and answers: pass, defer, refuse, reroute A (a route's name)
    ! connect 192.0.2.25      an effect: connect ADDRESS (or kept: one that is kept may do; in the
                              clear: for want of TLS; as ADDRESS: the client's own), keep, abort,
                              finish, close, learned, secure, secure-upstream, log loop, log auth
    @ connected               an event: connected, connected kept (the last one that was kept),
                              gone, client-end, client-gone, timeout, secured, upstream-secured,
                              session ADDRESS (a new client), later SECONDS (time passes)
    # comment

Between two inputs the order of outputs counts; how bytes are cut into pieces does not, but where
chunks go upstream as they come: those dialogues are `whole`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

__all__ = ["INPUTS", "Line", "merged", "read", "readable"]

INPUTS = ("%", "C>", "U<", "=", "@")
_BYTES = ("C>", "C<", "U>", "U<")


@dataclass(frozen=True)
class Line:
    kind: str  # "%", "C>", "C<", "U>", "U<", "?", "=", "!", "@"
    text: bytes


def read(path: Path) -> list[Line]:
    lines = []
    for raw in path.read_text().splitlines():
        mark, _, text = raw.partition(" ")
        if not mark or mark.startswith("#"):
            continue
        if mark in ("C>>", "U>>", "C<<", "U<<"):
            lines.append(Line(mark[:2], codecs.escape_decode(text.encode())[0]))
        elif mark in _BYTES:
            lines.append(Line(mark, text.encode() + b"\r\n"))
        else:
            lines.append(Line(mark, text.encode()))
    return merged(lines)


def merged(lines: list[Line]) -> list[Line]:
    """Neighbouring bytes of one direction are one piece: how they were cut is not the point."""
    out: list[Line] = []
    for line in lines:
        if out and out[-1].kind == line.kind and line.kind in _BYTES:
            out[-1] = Line(line.kind, out[-1].text + line.text)
        else:
            out.append(line)
    return out


def readable(lines: list[Line]) -> list[str]:
    """One string for each line of text, so that two dialogues can be told apart at a glance."""
    return [f"{line.kind} {part!r}" for line in lines for part in line.text.splitlines(True)]
