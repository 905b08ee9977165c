"""Fuzzing of the codecs: commands, replies, DATA, BDAT, PROXY headers and XCLIENT.

    python -m tests.fuzz.codecs --seconds 60 --seed 1
    python -m tests.fuzz.codecs --seed 4711 --cases 1      (one case again)

Each case has a seed of its own, and is real words with noise among them, or noise alone. Only the
documented errors may come of it, how it is cut must never matter, and what comes out is held
against tests/smtp/reference.py. When something breaks, the seed and the input are printed, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address

from mxward.model import ConfirmedNames, Known
from mxward.networks import Address
from mxward.smtp import ProtocolError
from mxward.smtp.chunks import ChunkReader, Drain, parse_bdat
from mxward.smtp.commands import CommandError, Mail, Rcpt, parse
from mxward.smtp.content import Content, Newlines
from mxward.smtp.data import END, DataReader
from mxward.smtp.identity import Identity, Peer, header
from mxward.smtp.preamble import Ends, Local, PreambleReader
from mxward.smtp.replies import Reply, ReplyReader
from mxward.smtp.xclient import command, xtext
from tests.smtp import reference
from tests.smtp.fragments import COMMANDS, NOISE, REPLIES, TEXT

__all__ = ["Case", "main"]

_ATTRIBUTES = ("NAME", "ADDR", "PORT", "HELO", "PROTO", "DESTADDR", "DESTPORT", "LOGIN")
_BDATS = (b"0", b"12", b" ", b"LAST", b"last", b"-", b"9" * 20)
_PREAMBLES = (
    *(b"PROXY ", b"TCP4 ", b"TCP6 ", b"UNKNOWN", b"192.0.2.1 ", b"2001:db8::1 ", b"25 ", b"0\r\n"),
    *(b"\r\n\r\n\0\r\nQUIT\n", b"\x21\x11", b"\x21\x21", b"\x20\0", b"\0\x0c", b"\0\x24", b"\x04"),
)


class Case:
    """One random case of one codec. `play` raises what went wrong; `told` is the input."""

    def __init__(self, seed: int) -> None:
        self.told: list[object] = []
        self._rng = random.Random(seed)
        self._temper = self._rng.choice((0.0, 0.1, 0.5, 0.9))  # how much noise there is

    def play(self) -> None:
        self._rng.choice(_TARGETS)(self)

    # -- the codecs ---------------------------------------------------------------------------

    def commands(self) -> None:
        """What is given on is a line that reads the same."""
        line = re.sub(rb"[\r\n]", b"", self._stream(COMMANDS, 2))
        try:
            read = parse(line)
        except CommandError as bad:
            _check_own(bad.reply)
            return
        if not isinstance(read, Mail | Rcpt):
            return
        words = [key if value is None else f"{key}={value}" for key, value in read.parameters]
        head = (
            f"MAIL FROM:<{read.sender}>"
            if isinstance(read, Mail)
            else f"RCPT TO:<{read.recipient}>"
        )
        again = " ".join([head, *words])
        assert not re.search(r"[\x00-\x1f\x7f]", again)
        assert parse(again.encode()) == read

    def replies(self) -> None:
        """Up to the first mistake, and each as it would be written."""
        stream = self._stream(REPLIES, 6)
        whole = _replies([stream])
        assert _replies(self._cut(stream)) == whole
        for found in whole:
            if isinstance(found, Reply):
                assert _replies([bytes(found)]) == [found]

    def data(self) -> None:
        """One end, canonical lines, no dot alone, and a fault where there is one."""
        content, stream = self._content(), self._stream(TEXT, 9) + b"\r\n.\r\n"
        known = reference.behind_data(stream)
        assert known is not None
        raw, rest = known
        clean = reference.in_crlf(raw)
        left = b"".join(b"..\r\n" if x == END else x for x in reference.lines(clean))
        reader, out, behind = DataReader(content), b"", b""
        for piece in self._cut(stream):
            if reader.ended:
                behind += piece
            else:
                out += reader.feed(piece)
        assert (reader.ended, reader.rest + behind, reader.size) == (True, rest, len(out))
        assert reader.strays == (clean != raw)
        self._check_fault(reader.fault, content, raw, out, left)

    def chunks(self) -> None:
        """Wherever chunks and pieces end; through DATA it is read back."""
        content, stuffed = self._content(), self._rng.random() < 0.5
        binary = not stuffed and self._rng.random() < 0.2
        message, behind = self._stream(TEXT, 9), self._stream(COMMANDS, 2)
        reader, out = ChunkReader(content, stuffed=stuffed, binary=binary), b""
        chunks = list(self._cut(message)) or [b""]
        for number, octets in enumerate(chunks, 1):
            reader.begin(len(octets), number == len(chunks))
            for piece in self._cut(octets):
                out += reader.feed(piece)
            out += reader.feed(behind)
            assert (reader.chunk_ended, reader.missing, reader.rest) == (True, 0, behind)
        assert (reader.ended, reader.size) == (True, len(out))
        if binary:
            assert (out, reader.fault) == (message, None)
            return
        left = reference.in_crlf(message)
        if stuffed:
            assert reference.behind_data(out + END) == (out, b"") or reader.fault
            out = reference.unstuffed(out)
            left += b"" if left.endswith(b"\r\n") or not left else b"\r\n"
        self._check_fault(reader.fault, content, message, out, left)

    def drain(self) -> None:
        """As many octets as were declared, and what follows."""
        stream = self._stream(TEXT, 3)
        size = self._rng.randint(0, len(stream))
        drain, rest = Drain(size), b""
        for piece in self._cut(stream):
            rest += drain.feed(piece)
        assert (drain.done, rest) == (True, stream[size:])

    def bdat(self) -> None:
        """A number, and perhaps LAST."""
        text = self._stream(_BDATS, 3).decode("latin-1")
        number, *last = text.split(" ")
        good = re.fullmatch("[0-9]{1,20}", number) and [x.upper() for x in last if x] in (
            [],
            ["LAST"],
        )
        try:
            assert parse_bdat(text) == (int(number), bool(last))
        except CommandError as bad:
            _check_own(bad.reply)
            assert not good or not last or not last[-1]  # a space behind it all is refused

    def preamble(self) -> None:
        """As the reference reads it, or refused before it is whole."""
        stream = self._stream((*_PREAMBLES, *self._headers()), 3)
        try:
            known: object = reference.preamble(stream) or "unfinished"
        except ValueError:
            known = "refused"
        found = _preamble([stream])
        assert found == known or (known, found) == ("unfinished", "refused")
        assert _preamble(self._cut(stream)) == found

    def xclient(self) -> None:
        """One line that says what was to be said."""
        texts = [self._stream((*NOISE, *COMMANDS), 2).decode("utf-8", "replace") for _ in range(2)]
        helo, (peer, _) = texts[0], self._peers()
        offered = {name for name in _ATTRIBUTES if self._rng.random() < 0.8}
        names = ConfirmedNames(self._rng.choice([*Known]), (texts[1], "client.test"))
        line = command(peer, names, helo, "ESMTP", offered)
        assert reference.xclient(f"XCLIENT X={xtext(texts[1])}\r\n".encode()) == {"X": texts[1]}
        assert (line is None) == (not offered)
        if line is not None:
            assert len(line) <= 512
            read = reference.xclient(line)
            assert set(read) == {"ADDR"} | offered - {"LOGIN"}
            assert read.get("HELO", helo) in (helo, "[UNAVAILABLE]")
            assert read.get("NAME", "client.test") in names.names
            assert read["ADDR"].removeprefix("IPV6:") == str(peer.client)

    # -- what they are fed --------------------------------------------------------------------

    def _stream(self, words: tuple[bytes, ...], most: int) -> bytes:
        rng = self._rng
        picked = rng.choices(words, k=rng.randint(0, most)) if rng.random() < 0.95 else []
        data = b"".join(picked) or rng.randbytes(rng.randint(0, 20))
        while rng.random() < self._temper:
            at = rng.randint(0, len(data))
            noise = rng.choice((*NOISE, *words, rng.randbytes(2)))
            data = data[:at] + noise + data[at + rng.choice((0, 0, 1, 5)) :]
            self._temper *= 0.97
        self.told.append(data)
        return data

    def _cut(self, data: bytes) -> Iterator[bytes]:
        most = self._rng.choice((1, 3, 40, 10**6))
        while data:
            size = self._rng.randint(0 if most > 1 else 1, most)
            yield data[:size]
            data = data[size:]

    def _content(self) -> Content:
        content = Content(self._rng.choice([*Newlines]), self._rng.random() < 0.5)
        self.told.append(content)
        return content

    def _headers(self) -> list[bytes]:
        kinds = (Identity.PROXY_V1, Identity.PROXY_V2)
        return [header(kind, peer) for kind in kinds for peer in self._peers()]

    def _peers(self) -> list[Peer]:
        number = self._rng.getrandbits
        ends: list[Address] = [IPv4Address(number(32)), IPv6Address(number(128) | 1 << 127)]
        return [
            Peer(client, number(16), self._rng.choice(ends), number(16), "s1") for client in ends
        ]

    def _check_fault(
        self, fault: Reply | None, content: Content, raw: bytes, out: bytes, left: bytes
    ) -> None:
        """What was found wrong, and whether all of it went out, or only what stood before it."""
        strays = reference.in_crlf(raw) != raw and content.newlines is Newlines.REJECT
        nuls = b"\0" in raw and not content.nul
        if fault is None:
            assert (out, strays, nuls) == (left, False, False)
        else:
            _check_own(fault)
            assert left.startswith(out)
            assert bytes(fault).startswith(b"550 5.5.2 " if strays else b"550 5.6.0 ")
            assert strays or nuls


def _check_own(answer: Reply) -> None:
    """A reply of our own is one that we could read ourselves."""
    assert _replies([bytes(answer)]) == [answer]


def _replies(pieces: Iterator[bytes] | list[bytes]) -> list[Reply | str]:
    reader, found = ReplyReader(), list[Reply | str]()
    try:
        for piece in pieces:
            found.extend(reader.feed(piece))
    except ProtocolError:
        found.append("broken")
    return found


def _preamble(pieces: Iterator[bytes] | list[bytes]) -> tuple[Ends | Local, bytes] | str:
    reader, found, rest = PreambleReader(), None, b""
    try:
        for piece in pieces:
            if found is None:
                found = reader.feed(piece)
            else:
                rest += piece
    except ProtocolError:
        return "refused"
    return (found, reader.rest + rest) if found is not None else "unfinished"


_TARGETS: tuple[Callable[[Case], None], ...] = (
    Case.commands,
    Case.replies,
    Case.data,
    Case.chunks,
    Case.drain,
    Case.bdat,
    Case.preamble,
    Case.xclient,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cases", type=int, default=sys.maxsize)
    wanted = parser.parse_args()
    end, seed = time.monotonic() + wanted.seconds, wanted.seed
    while seed < wanted.seed + wanted.cases and time.monotonic() < end:
        case = Case(seed)
        try:
            case.play()
        except Exception:  # noqa: BLE001 - whatever it is, it is what we are looking for
            sys.stderr.write("".join(f"{told!r}\n" for told in (*case.told, f"seed {seed}")))
            traceback.print_exc()
            return 1
        seed += 1
    sys.stdout.write(f"{seed - wanted.seed} cases, next seed {seed}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
