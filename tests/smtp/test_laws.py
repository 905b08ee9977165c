"""Laws that hold for any bytes, however they are cut, and for any order of events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mxward.smtp import ProtocolError
from mxward.smtp.commands import Command, CommandError, Mail, Rcpt, parse
from mxward.smtp.content import Content
from mxward.smtp.data import END, DataReader
from mxward.smtp.dialogue import BrokenDialogue, Dialogue
from mxward.smtp.headers import HeaderWatch
from mxward.smtp.limits import Limits
from mxward.smtp.relay import Phase
from mxward.smtp.replies import Reply, ReplyReader
from tests.smtp.farend import end_of_message
from tests.smtp.fragments import (
    ANSWERS,
    CHALLENGES,
    COMMANDS,
    DECISIONS,
    EHLOS,
    ENDINGS,
    NOISE,
    REPLIES,
    RESPONSES,
    TEXT,
    WORLDS,
    answer_to,
)
from tests.smtp.watched import Watched, World, canonical

TRICKY = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"a", b"\x00", b"\r\n.\r\n"]), max_size=20
).map(b"".join)
STREAM = st.one_of(TRICKY, st.lists(st.sampled_from(TEXT + NOISE)).map(b"".join), st.binary())
CUTS = st.lists(st.integers(1, 9), min_size=1)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    while data:
        for size in cuts:
            yield data[:size]
            data = data[size:]


# -- the stream behind DATA -------------------------------------------------------------------


def read(*data: bytes) -> tuple[bytes, bool, bytes]:
    """What leaves, whether it ended, and what stands behind the end."""
    reader = DataReader(Content(nul=True))
    out = rest = b""
    for piece in data:
        if reader.ended:
            rest += piece
        else:
            out += reader.feed(piece)
    return out, reader.ended, reader.rest + rest


@given(STREAM, CUTS)
def test_how_data_is_cut_never_matters(data: bytes, cuts: list[int]) -> None:
    out, ended, rest = read(*pieces(data, cuts))
    assert (ended, rest) == read(data)[1:]
    assert out == read(data)[0]


@given(STREAM)
def test_data_ends_at_the_first_crlf_dot_crlf(data: bytes) -> None:
    end = end_of_message(data)
    _, ended, rest = read(data)
    assert ended == (end >= 0)
    assert not ended or rest == data[end + len(END) :]


@given(STREAM)
def test_what_leaves_is_canonical_and_has_one_end(data: bytes) -> None:
    whole = data + b"\r\n.\r\n"
    out, ended, _ = read(whole)
    assert ended
    assert out == canonical(whole[: end_of_message(whole)])
    assert end_of_message(out + END) == len(out)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", out)
    for reading in (out.replace(b"\r\n", b"\n"), out.replace(b"\r", b"")):  # sloppy upstreams
        assert b"\n.\n" not in b"\n" + reading


@given(STREAM)
def test_what_is_not_ended_could_still_end_anywhere(data: bytes) -> None:
    """Nothing that has left already may turn into an end, or into half a line end."""
    out, ended, _ = read(data)
    if not ended:
        assert end_of_message(out) < 0
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", out)


@given(st.lists(st.binary().map(lambda line: re.sub(rb"[\r\n]", b"", line))))
def test_canonical_data_leaves_as_it_came(lines: list[bytes]) -> None:
    stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
    message = b"".join(line + b"\r\n" for line in stuffed)
    assert read(message + END) == (message, True, b"")


@given(STREAM, CUTS)
def test_how_a_header_is_cut_never_matters(data: bytes, cuts: list[int]) -> None:
    seen = []
    for parts in ([data], list(pieces(data, cuts))):
        watch = HeaderWatch()
        for part in parts:
            watch.feed(part)
        watch.finish()
        seen.append((watch.header, watch.message_id))
    assert seen[0] == seen[1]


# -- lines ------------------------------------------------------------------------------------

LINES = st.one_of(
    st.lists(st.sampled_from(COMMANDS + ENDINGS + TEXT + NOISE)).map(b"".join), st.binary()
)
LONG = st.integers(4090, 4100).map(lambda n: b"x" * n + b"\r\nNOOP\r\n")


def told(data: Iterator[bytes]) -> list[object]:
    """All that a dialogue says about these bytes, up to its last word."""
    dialogue, said = Dialogue(Limits()), []
    for piece in data:
        dialogue.feed(piece)
        try:
            while (command := dialogue.next_command()) is not None:
                said.append(command)
        except BrokenDialogue as broken:
            return [*said, broken.reply]
    return [*said, None]


@given(st.one_of(LINES, LONG), CUTS)
def test_how_commands_are_cut_never_matters(data: bytes, cuts: list[int]) -> None:
    said = told(iter([data]))
    assert all(isinstance(x, Command | Mail | Rcpt | Reply | None) for x in said)
    assert told(pieces(data, cuts)) == said


@pytest.mark.parametrize("length", [4095, 4096, 4097, 4098])
@pytest.mark.parametrize("last", [b"\r\n", b"\n", b"\r", b""])
def test_the_longest_line_is_as_long_however_it_is_cut(length: int, last: bytes) -> None:
    data = b"x" * length + last
    assert told(data[n : n + 1] for n in range(len(data))) == told(iter([data]))


@given(st.one_of(st.binary(), st.sampled_from(COMMANDS).map(lambda line: line[:-2])))
def test_a_line_is_a_command_or_a_command_error(line: bytes) -> None:
    try:
        command = parse(line)
    except CommandError as bad:
        assert bad.reply.code in (500, 501, 555)
        return
    assert isinstance(command, Command | Mail | Rcpt)


@given(st.binary(), st.binary())
def test_what_is_given_on_is_one_line_and_one_path(inside: bytes, behind: bytes) -> None:
    """Whatever stands in a path: written anew it reads as the same path, and nothing more."""
    for head in (b"MAIL FROM:", b"RCPT TO:"):
        try:
            command = parse(head + b"<" + inside + b">" + behind)
        except CommandError:
            continue
        path = command.sender if isinstance(command, Mail) else getattr(command, "recipient", "")
        again = parse(head + b"<" + path.encode() + b">")
        assert path in (getattr(again, "sender", None), getattr(again, "recipient", None))
        assert not re.search(r"[\x00-\x1f\x7f]", path)


SAID = st.one_of(
    st.lists(st.sampled_from((*REPLIES, *ANSWERS.values()))).map(b"".join),
    st.binary(),
    st.integers(2040, 2050).map(lambda n: b"250 " + b"x" * n + b"\r\n250 ok\r\n"),
)


def heard(data: Iterator[bytes]) -> tuple[list[Reply], bool]:
    """The replies that are understood, and whether nonsense followed."""
    reader = ReplyReader()
    replies: list[Reply] = []
    try:
        for piece in data:
            replies.extend(reader.feed(piece))
    except ProtocolError:
        return replies, True
    return replies, False


@given(SAID, CUTS)
def test_how_replies_are_cut_never_matters(data: bytes, cuts: list[int]) -> None:
    assert heard(pieces(data, cuts)) == heard(iter([data]))


@given(SAID)
def test_a_reply_that_is_understood_is_written_as_it_came(data: bytes) -> None:
    replies, broken = heard(iter([data]))
    written = b"".join(bytes(reply) for reply in replies)
    came = re.sub(rb"(?m)^([2-5]\d\d)\r\n", rb"\1 \r\n", data)
    assert came.startswith(written)
    assert all(200 <= reply.code < 600 for reply in replies)
    assert broken or b"\r\n" not in re.sub(rb"(?m)^[2-5]\d\d-.*\r\n", b"", came[len(written) :])


# -- the relay --------------------------------------------------------------------------------


RECIPIENTS = [line for line in COMMANDS if line[:8].upper() == b"RCPT TO:"]


class RelayMachine(RuleBasedStateMachine):
    """Any events in any order; `Watched` holds each effect against the laws.

    Mostly all play along, for most of what can go wrong goes wrong late in a session. One that has
    ended is followed by a new one, which may get the connections that the last one has left.
    """

    def __init__(self) -> None:
        super().__init__()
        self._world = World()
        self._ehlo = EHLOS[0]
        self._number = 0
        self._watched = Watched(self._world)

    @property
    def session(self) -> Watched:
        if self._watched.closed:
            self._number += 1
            self._watched = Watched(self._world, self._number)
            self._watched.client_says(COMMANDS[0])
        return self._watched

    @initialize(
        world=st.sampled_from(WORLDS),
        ehlo=st.sampled_from(EHLOS),
        greeting=st.sampled_from(COMMANDS[:3]),
    )
    def client_greets(self, world: dict[str, Any], ehlo: bytes, greeting: bytes) -> None:
        self._world = World(**world)
        self._ehlo = ehlo
        self._watched = Watched(self._world)
        self.session.client_says(greeting)

    @rule(
        recipients=st.lists(st.sampled_from(RECIPIENTS), min_size=1, max_size=4),
        way=st.sampled_from((b"DATA\r\n", b"BDAT 4\r\na\r\n.BDAT 5 LAST\r\n\r\nabc", b"")),
    )
    def client_begins_a_message(self, recipients: list[bytes], way: bytes) -> None:
        self.session.client_says(
            b"RSET\r\nMAIL FROM:<m@client.test>\r\n" + b"".join(recipients) + way
        )

    @rule(words=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=3).map(b"".join))
    def client_commands(self, words: bytes) -> None:
        self.session.client_says(words)

    @rule(handshakes=st.booleans())
    def client_wants_tls(self, handshakes: bool) -> None:
        self.session.client_says(b"STARTTLS\r\n")
        if self.session.securing and handshakes:
            self.session.client_shakes_hands()
            self.session.client_says(COMMANDS[0])

    @precondition(lambda self: self.session.relay.phase is Phase.DATA)
    @rule(words=st.lists(st.sampled_from(TEXT + NOISE), min_size=1, max_size=6).map(b"".join))
    def client_sends_text(self, words: bytes) -> None:
        self.session.client_says(words)

    @precondition(lambda self: self.session.relay.phase is Phase.AUTH_LINE)
    @rule(words=st.sampled_from(RESPONSES))
    def client_answers_a_challenge(self, words: bytes) -> None:
        self.session.client_says(words)

    @rule(
        decision=st.sampled_from([*DECISIONS, "reroute slow"]),
        challenge=st.sampled_from(CHALLENGES),
        times=st.integers(1, 12),
        at_once=st.booleans(),
    )
    def all_play_along(self, decision: str, challenge: bytes, times: int, at_once: bool) -> None:
        for _ in range(times):
            session, far = self.session, self.session.far
            if session.question is not None:
                session.policy_says(decision)
            elif session.securing:
                session.client_shakes_hands()
            elif far is not None and not far.stands:
                session.connection_stands()
            elif far is not None and far.securing:
                session.upstream_shakes_hands()
            elif far is not None and far.owed:
                asked = [*far.owed] if at_once else [far.asked]
                said = [answer_to(each, self._ehlo, challenge) for each in asked]
                session.upstream_says(b"".join(said))

    @precondition(lambda self: self.session.far is None or self.session.far.stands)
    @rule(
        words=st.one_of(st.sampled_from(REPLIES), st.binary(max_size=20)), often=st.integers(0, 3)
    )
    def upstream_says_anything(self, words: bytes, often: int) -> None:
        if often == 3:
            self.session.upstream_says(words)

    @precondition(lambda self: self.session.stale)
    @rule(text=st.sampled_from(DECISIONS))
    def policy_decides_too_late(self, text: str) -> None:
        self.session.policy_says_too_late(text)

    @rule(
        what=st.sampled_from(
            [
                Watched.upstream_goes,
                Watched.time_runs_out,
                Watched.connection_stands,
                Watched.client_ends,
                Watched.client_goes,
                lambda session: session.client_says(b"\n"),
                lambda session: session.client_says(b"QUIT\r\n"),
                lambda session: session.client_says(b"\xff\r\n\0"),
            ]
        ),
        often=st.integers(0, 9),
    )
    def something_happens(self, what: Callable[[Watched], None], often: int) -> None:
        if often == 9:
            what(self.session)


TestRelay = RelayMachine.TestCase
TestRelay.settings = settings(stateful_step_count=50)
