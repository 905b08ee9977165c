"""Laws of the auditor's session, whatever a server says, however it is cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.smtp import auditmark
from mxward.smtp.inquest import Wanted
from mxward.smtp.probe import Probe, Way
from mxward.smtp.probed import Answered, Guarded, Probed
from mxward.smtp.tape import MOST_LINES
from tests.smtp.probed_play import BLANK, CONTROL, KEY, NONCE

DOMAINS = [f"d{n}.test" for n in range(12)]
WAYS = [
    Way("audit.test"),
    Way(auditmark.name_for(NONCE, "audit.test"), NONCE, "audit@provider.test"),
]
REPLIES = [
    b"220 mail.test\r\n",
    b"250 OK\r\n",
    b"250-mail.test\r\n250 PIPELINING\r\n",
    b"250-mail.test\r\n250-STARTTLS\r\n250 PIPELINING\r\n",
    b"221 bye\r\n",
    b"334 VXNlcm5hbWU6\r\n",
    b"354 go ahead\r\n",
    b"421 4.3.2 closing\r\n",
    b"450 4.7.1 later\r\n",
    b"452 4.5.3 one at a time\r\n",
    b"502 5.5.2 what\r\n",
    b"550 5.1.1 User unknown\r\n",
    b"550-5.7.1 no\r\n550 5.7.1 Relaying denied\r\n",
    b"554 5.7.1 Client host rejected\r\n",
    *(
        f"250 2.1.5 OK {auditmark.words(KEY, NONCE, domain, guarded)}\r\n".encode()
        for domain in DOMAINS[:3]
        for guarded in Guarded
    ),
]
NOISE = [b"", b"2", b"250", b"250-", b"\r", b"\n", b"\x00", b"999 x\r\n", b"250 a\n", b"\xff\r\n"]
ENDS = ["gone", "secured", "not secured"]

GREETINGS = [[b"220 mail.test\r\n"], [b"250-mail.test\r\n250-STARTTLS\r\n250 PIPELINING\r\n"]]
SAID = st.lists(st.sampled_from(REPLIES), min_size=1, max_size=9)
NOISY = st.lists(st.sampled_from(REPLIES + NOISE) | st.binary(max_size=9), min_size=1, max_size=5)
TURNS = st.lists(SAID | NOISY | st.sampled_from(ENDS), max_size=15)
WELL_BEGUN = TURNS.map(lambda turns: [*GREETINGS, *turns])
SCRIPTS = TURNS | WELL_BEGUN
CUTS = st.lists(st.integers(1, 9), min_size=1, max_size=5)

ALLOWED = re.compile(
    rb"(?:EHLO|HELO) [a-z0-9.-]+|STARTTLS|MAIL FROM:<(?:audit@provider\.test)?>"
    rb"|RCPT TO:<(?:postmaster|nobody)@(?:d[0-9]+|nobody)\.test>|RSET|QUIT"
)


class Played:
    """A server's script played to a probe: what was sent, what was found."""

    def __init__(
        self, script: Sequence[Sequence[bytes] | str], way: Way, cuts: Sequence[int] = ()
    ) -> None:
        wanted = [Wanted(domain, "nobody") for domain in DOMAINS]
        self.probe = Probe(way, wanted, key=KEY, control=CONTROL)
        self.sent = [self.probe.take_outgoing()]
        for turn in script:
            self._play(turn, cuts)
            self.sent.append(self.probe.take_outgoing())

    def _play(self, turn: Sequence[bytes] | str, cuts: Sequence[int]) -> None:
        probe = self.probe
        if probe.over:
            return
        if turn == "gone":
            probe.gone("reset", 1.0)
        elif turn == "secured" or turn == "not secured":
            if probe.securing and turn == "secured":
                probe.secured(["mail.test"], 1.0)
            elif probe.securing:
                probe.not_secured("alert", 1.0)
        elif not isinstance(turn, str):
            data = b"".join(turn)
            for size in cuts:
                probe.receive(data[:size], 1.0)
                data = data[size:]
            if data or not cuts:
                probe.receive(data, 1.0)

    @property
    def found(self) -> list[Probed]:
        return self.probe.found(BLANK)


@given(SCRIPTS, st.sampled_from(WAYS))
def test_no_message_is_ever_begun(script: list[list[bytes] | str], way: Way) -> None:
    lines = b"".join(Played(script, way).sent).split(b"\r\n")
    assert lines.pop() == b""
    assert all(ALLOWED.fullmatch(line) for line in lines), lines


@given(SCRIPTS, st.sampled_from(WAYS), CUTS)
def test_how_it_is_cut_never_matters(
    script: list[list[bytes] | str], way: Way, cuts: list[int]
) -> None:
    whole, cut = Played(script, way), Played(script, way, cuts)
    assert cut.sent == whole.sent
    assert cut.found == whole.found
    assert cut.probe.left() == whole.probe.left()


@given(SCRIPTS, st.sampled_from(WAYS))
def test_every_domain_is_found_or_left(script: list[list[bytes] | str], way: Way) -> None:
    played = Played([*script, "gone"], way)
    assert played.probe.over
    found = [each.domain for each in played.found]
    left = [each.domain for each in played.probe.left()]
    assert sorted(found + left) == sorted(DOMAINS)


@given(SCRIPTS, st.sampled_from(WAYS))
def test_nothing_is_found_that_was_not_said(script: list[list[bytes] | str], way: Way) -> None:
    said = b"".join(b"".join(turn) for turn in script if not isinstance(turn, str))
    for each in Played([*script, "gone"], way).found:
        if each.answered in (Answered.ACCEPTED, Answered.REFUSED, Answered.DEFERRED):
            assert each.code is not None
            assert f"{each.code}".encode() in said
        else:
            assert each.answered is Answered.SILENT
            assert each.why
        if each.guarded:
            assert f"(mxward {each.guarded} ".encode() in said


@given(SCRIPTS, st.sampled_from(WAYS))
def test_the_transcript_can_be_shown(script: list[list[bytes] | str], way: Way) -> None:
    for each in Played([*script, "gone"], way).found:
        assert len(each.transcript) <= MOST_LINES
        for text in (*each.transcript, each.banner, each.reply, each.why):
            assert text.isascii()
            assert text.isprintable() or not text
            assert len(text) <= 250


ANSWERS = st.sampled_from([b"550 5.7.1 no\r\n", b"250 OK\r\n", b"450 no\r\n"])


@given(st.lists(ANSWERS, min_size=1), st.booleans())
def test_no_more_than_eight_are_refused(answers: list[bytes], pipelining: bool) -> None:
    """Not even where all that was sent together is refused, MAIL too."""
    wanted = [Wanted(domain, "nobody") for domain in DOMAINS]
    probe = Probe(WAYS[0], wanted, control=CONTROL)
    probe.receive(b"220 mail.test\r\n", 0.0)
    probe.take_outgoing()
    probe.receive(b"250-mail.test\r\n250 PIPELINING\r\n" if pipelining else b"250 x\r\n", 0.0)
    refused, turn = 0, 0
    heard = probe.take_outgoing().split(b"\r\n")[:-1]
    while not probe.over:
        answer = b"250 OK\r\n"
        if heard.pop(0).startswith((b"MAIL", b"RCPT")):
            answer = answers[turn % len(answers)]
            turn += 1
        refused += not answer.startswith(b"2")
        probe.receive(answer, 0.0)
        heard += probe.take_outgoing().split(b"\r\n")[:-1]
    assert refused <= 8
    assert len(probe.found(BLANK)) + len(probe.left()) == len(DOMAINS)
    assert len(probe.left()) < len(DOMAINS)


@pytest.mark.parametrize("text", ["a b", "a>b", "a\r\nDATA", "", "ä", "a" * 256])
def test_what_a_command_cannot_hold_is_no_way(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Way(text)


@pytest.mark.parametrize(
    ("domain", "local"),
    [("It.test", "a"), ("it.test\r\nDATA", "a"), ("it.test", "a b"), ("it.test", "a\r\nDATA")],
)
def test_nor_is_it_a_domain_or_a_user(domain: str, local: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Wanted(domain, "nobody", (local,))
    with pytest.raises(ValueError, match=r"."):
        Wanted(domain, local)
