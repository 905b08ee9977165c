r"""Reads and plays a probe's transcript (tests/probes): what a server says, what the auditor does.

% sender audit@provider.test    the way it comes, where it is not the usual: sender NAME, marked,
                                implicit, clear (no STARTTLS), control (it asks for a recipient
                                of a domain nobody has), rejections N, recipients N
? it.test [LOCAL...]            a domain to ask about, and whom to ask for
S: 220 mail.test                the server says a line (CRLF is added)
S:: 220 mail.test\n             ... exactly these bytes (Python escapes)
C: EHLO audit.test              the auditor sends a line
@ tls NAME...                   TLS stands, with this certificate; `@ no tls` has failed
@ gone                          the connection is gone
! secure                        the auditor wants TLS now; `! over`: it hangs up
= it.test accepted ...          what was found; `= left it.test`: for another session
# comment
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import groupby
from pathlib import Path

from mxward.smtp import auditmark
from mxward.smtp.inquest import Wanted
from mxward.smtp.probe import Probe, Way
from mxward.smtp.probed import Answered, Probed
from mxward.smtp.questions import Bounds

__all__ = ["BLANK", "CONTROL", "KEY", "NONCE", "Cut", "Premises", "play", "read", "shown", "whole"]

NONCE = "0123456789abcdef" * 2
KEY = auditmark.key_from(b"k" * 32)
CONTROL = "postmaster@nobody.test"
BLANK = Probed(ip_address("192.0.2.25"), 25, "", Answered.NOT_ASKED)

Cut = Callable[[bytes], Iterator[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    yield data


@dataclass(frozen=True)
class Premises:
    """How the auditor comes."""

    way: Way = field(default_factory=lambda: Way("audit.test"))
    control: str = ""
    implicit: bool = False
    starttls: bool = True
    bounds: Bounds = field(default_factory=Bounds)

    def with_(self, text: str) -> Premises:
        word, _, value = text.partition(" ")
        match word:
            case "sender":
                return replace(self, way=replace(self.way, sender=value))
            case "marked":
                helo = auditmark.name_for(NONCE, "audit.test")
                return replace(self, way=replace(self.way, helo=helo, nonce=NONCE))
            case "control":
                return replace(self, control=CONTROL)
            case "implicit":
                return replace(self, implicit=True)
            case "clear":
                return replace(self, starttls=False)
            case _:
                return replace(self, bounds=replace(self.bounds, **{word: int(value)}))

    def probe(self, wanted: list[Wanted]) -> Probe:
        return Probe(
            self.way,
            wanted,
            key=KEY,
            control=self.control,
            implicit=self.implicit,
            starttls=self.starttls,
            bounds=self.bounds,
        )


def read(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def play(lines: list[str], cut: Cut = whole) -> list[str]:
    """Play the server's part; returns the transcript as it really went."""
    premises, wanted, went = Premises(), list[Wanted](), list[str]()
    for line in lines:
        if line[0] == "%":
            premises = premises.with_(line[2:])
            went.append(line)
        elif line[0] == "?":
            domain, *locals_ = line[2:].split()
            wanted.append(Wanted(domain, "nobody", tuple(locals_) or ("postmaster",)))
            went.append(line)
    probe = premises.probe(wanted)
    went += _did(probe)
    for turn in _turns(lines):
        went += turn
        if turn[0][0] == "@":
            _happen(probe, turn[0][2:])
        else:
            for piece in cut(b"".join(map(_octets, turn))):
                probe.receive(piece, 0.0)
        went += _did(probe)
    went += [shown(each) for each in probe.found(BLANK)]
    return went + [f"= left {each.domain}" for each in probe.left()]


def _turns(lines: list[str]) -> Iterator[list[str]]:
    """What the server says before it hears anything is one turn; an event is one, too."""
    for mark, group in groupby(lines, lambda line: line[0]):
        if mark == "S":
            yield [*group]
        elif mark == "@":
            yield from ([each] for each in group)


def _octets(line: str) -> bytes:
    mark, _, text = line.partition(" ")
    if mark == "S::":
        return codecs.escape_decode(text.encode())[0]
    return text.encode() + b"\r\n"


def _happen(probe: Probe, what: str) -> None:
    match what.split():
        case ["tls", *names]:
            probe.secured(names, 0.0)
        case ["no", "tls"]:
            probe.not_secured("handshake failure", 0.0)
        case ["gone"]:
            probe.gone("connection reset", 0.0)
        case _:
            raise ValueError(what)


def _did(probe: Probe) -> list[str]:
    over, securing = probe.over, probe.securing
    sent = probe.take_outgoing().decode().splitlines()
    return [f"C: {line}" for line in sent] + ["! secure"] * securing + ["! over"] * over


def shown(found: Probed) -> str:
    words = [found.domain, found.answered]
    words += [f"about-{found.about}"] if found.about else []
    words += [f"code-{found.code}"] if found.code else []
    words += {None: [], True: ["catch-all"], False: ["knows-its-users"]}[found.catch_all]
    words += [f"stranger-{found.stranger}"] if found.stranger else []
    words += ["trusts-us"] if found.trusting else []
    words += [f"guarded-{found.guarded}"] if found.guarded else []
    words += [found.tls] if found.tls != "none" else []
    words += [f"({found.why})"] if found.why else []
    return f"= {' '.join(words)}"
