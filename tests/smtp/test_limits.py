"""What a session bears: recipients, mistakes, long lines, waiting commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxward.smtp.content import Content
from mxward.smtp.dialogue import ENOUGH
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Peer
from mxward.smtp.limits import Limits, Timeouts
from mxward.smtp.offers import Offers
from mxward.smtp.phases import patiences
from mxward.smtp.relay import AT_ONCE, Phase, Relay
from mxward.smtp.rerouting import RateCap
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import (
    ClientBytes,
    Close,
    Connected,
    Decide,
    Effect,
    Event,
    Later,
    Log,
    Send,
    SendUpstream,
    UpstreamBytes,
)
from tests.smtp.farend import FarEnd
from tests.smtp.fragments import ANSWERS
from tests.smtp.player import MAIL_SERVER, NOW, PEER, decided, settings

DEFAULTS = Limits()


def relay_with(peer: Peer = PEER, **changes: object) -> Relay:
    """A session before its greeting; nothing is known of the mail server yet."""
    made: Settings = settings(**changes)
    return Relay(peer, made, Offers(made, Extensions()))


class Session:
    """A client, and a mail server and a policy that always say yes."""

    def __init__(self, decision: str = "pass", peer: Peer = PEER, **changes: object) -> None:
        self.relay = relay_with(peer, **changes)
        self.relay.greet()
        self.sent: list[bytes] = []
        self.effects: list[Effect] = []
        self._decision = decision
        self._far = FarEnd(MAIL_SERVER, b"PROXY TCP4 4.3.90.120 19.3.40.91 61593 25\r\n")

    def says(self, data: bytes) -> list[bytes]:
        """What the client hears when it says this, and all else has run its course."""
        self.sent = []
        todo = self._handle(ClientBytes(data))
        while todo:
            todo = self._follow(todo.pop(0)) + todo
        return self.sent

    @property
    def limits(self) -> list[str]:
        """Those that the log was told of."""
        logs = [effect for effect in self.effects if isinstance(effect, Log)]
        return [str(log.fields["limit"]) for log in logs if log.event == "limit"]

    def _handle(self, event: ClientBytes | Connected | UpstreamBytes) -> list[Effect]:
        effects = self.relay.handle(event, NOW)
        self.effects += effects
        return effects

    def _follow(self, effect: Effect) -> list[Effect]:
        match effect:
            case Send(data):
                self.sent.append(data)
            case Decide(arrival):
                effects = self.relay.handle(decided(self._decision, arrival), NOW)
                self.effects += effects
                return effects
            case SendUpstream(data):
                self._far.take(data)
                return self._upstream_answers()
        if type(effect).__name__ == "Connect":
            self._far.stands = True
            return self._handle(Connected())
        return []

    def _upstream_answers(self) -> list[Effect]:
        if not self._far.asked:
            return []
        answer = ANSWERS[self._far.asked]
        self._far.say(answer)
        return self._handle(UpstreamBytes(answer))


def test_a_thousand_recipients_share_a_message_and_one_more_comes_later() -> None:
    session = Session()
    session.says(b"HELO client.test\r\nMAIL FROM:<a@client.test>\r\n")
    for n in range(DEFAULTS.recipients):
        assert session.says(b"RCPT TO:<%d@it.test>\r\n" % n) == [ANSWERS["RCPT"]]
    before = len(session.effects)
    assert session.says(b"RCPT TO:<more@it.test>\r\n") == [b"452 4.5.3 Too many recipients\r\n"]
    assert session.says(b"RCPT TO:<more@it.test>\r\n") == [b"452 4.5.3 Too many recipients\r\n"]
    assert [type(effect) for effect in session.effects[before:]] == [Log, Send, Send]
    assert session.limits == ["recipients"]
    assert session.says(b"DATA\r\nhello\r\n.\r\n") == [ANSWERS["DATA"], ANSWERS["END"]]
    log = session.effects[-1]
    assert getattr(log, "fields", {})["recipients"] == 1000


def test_refused_recipients_count_too() -> None:
    session = Session("refuse")
    session.says(b"HELO client.test\r\nMAIL FROM:<a@client.test>\r\n")
    for _ in range(DEFAULTS.recipients):
        session.says(b"RCPT TO:<b@it.test>\r\n")
    assert session.says(b"RCPT TO:<b@it.test>\r\n") == [b"452 4.5.3 Too many recipients\r\n"]


def test_twice_as_many_recipients_are_answered_and_those_behind_them_are_mistakes() -> None:
    session = Session(limits=Limits(recipients=100, errors=3))
    session.says(b"HELO client.test\r\nMAIL FROM:<a@client.test>\r\n")
    heard = [session.says(b"RCPT TO:<b@it.test>\r\n") for _ in range(204)]
    too_many = [b"452 4.5.3 Too many recipients\r\n"]
    assert heard[:203] == [[ANSWERS["RCPT"]]] * 100 + [too_many] * 103
    assert heard[203] == [b"421 4.7.0 Too many errors\r\n"]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"DATA\r\n", b"554 5.5.1 No valid recipients\r\n"),
        (b"BDAT 0\r\n", b"554 5.5.1 No valid recipients\r\n"),
        (b"BDAT 3\r\nabc", b"554 5.5.1 No valid recipients\r\n"),
    ],
)
def test_what_brings_no_message_forward_is_counted(said: bytes, heard: bytes) -> None:
    session = Session(limits=Limits(commands=12))
    assert len(session.says(b"HELO client.test\r\nMAIL FROM:<a@client.test>\r\n")) == 2
    assert [session.says(said) for _ in range(10)] == [[heard]] * 10
    assert session.says(said) == [b"421 4.7.0 Too many commands without a message\r\n"]


def test_chunks_of_next_to_nothing_are_counted_and_whole_ones_are_not() -> None:
    session = Session(limits=Limits(commands=12, slow=1024))
    session.says(b"EHLO client.test\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<b@it.test>\r\n")
    for _ in range(20):
        (answer,) = session.says(b"BDAT 1024\r\n" + b"x" * 1024)
        assert answer.startswith(b"250 ")
    for _ in range(10):
        (answer,) = session.says(b"BDAT 1\r\nx")
        assert answer.startswith(b"250 ")
    assert session.says(b"BDAT 1\r\nx") == [b"421 4.7.0 Too many commands without a message\r\n"]


def test_fifty_mistakes_are_borne_with_and_not_one_more() -> None:
    session = Session()
    for _ in range(DEFAULTS.errors):
        assert session.says(b"what?\r\n") == [b"500 5.5.1 Unknown command\r\n"]
    assert session.says(b"NOOP\r\n") == [b"250 2.0.0 OK\r\n"]
    assert session.limits == []
    assert session.says(b"RCPT\r\n") == [b"421 4.7.0 Too many errors\r\n"]
    assert session.effects[-1] == Close()
    assert session.limits == ["errors"]


def test_mistakes_in_the_order_of_commands_count() -> None:
    session = Session()
    for _ in range(DEFAULTS.errors):
        assert session.says(b"DATA\r\n") == [b"503 5.5.1 MAIL first\r\n"]
    assert session.says(b"DATA\r\n") == [b"421 4.7.0 Too many errors\r\n"]


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r"])
def test_a_command_that_is_too_long_ends_the_session(end: bytes) -> None:
    session = Session()
    line = b"NOOP " + b"x" * (DEFAULTS.line - 5)
    assert session.says(line + b"\r\n") == [b"250 2.0.0 OK\r\n"]
    assert session.says(line + b"xy" + end) == [b"500 5.5.2 Line too long\r\n"]
    assert session.effects[-1] == Close()
    assert session.limits == ["line"]


def test_a_client_that_sends_ahead_is_not_read_without_end() -> None:
    relay = relay_with()
    *_, question = relay.handle(
        ClientBytes(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@it.test>\r\n"), NOW
    )
    assert isinstance(question, Decide)
    assert relay.handle(ClientBytes(b"NOOP\r\n" * (ENOUGH // 6)), NOW) == []
    assert not relay.full
    assert relay.handle(ClientBytes(b"NOOP\r\n"), NOW) == []
    assert relay.full
    relay.handle(decided("refuse", question.arrival), NOW)
    assert not relay.full


def test_a_message_goes_on_as_it_comes() -> None:
    """Neither a message nor a line is gathered: only what could be an end is held back."""
    session = Session(peer=replace(PEER, content=Content(nul=True)))
    session.says(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@it.test>\r\nDATA\r\n")
    for block in (b"x" * 100_000, b"\x00" * 50_000, b"y" * 100_000 + b"\r\n."):
        effects = session.relay.handle(ClientBytes(block), NOW)
        assert effects == [SendUpstream(block.removesuffix(b"\r\n."))]


def test_little_is_offered_before_the_mail_server_is_known() -> None:
    assert Session().says(b"EHLO x\r\n") == [
        b"250-mx.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=1000\r\n"
    ]


WAITS = patiences(Timeouts())


@pytest.mark.parametrize("phase", list(Phase))
def test_every_wait_ends(phase: Phase) -> None:
    assert 0 < patiences(Timeouts())[phase] <= 600


def test_a_client_has_the_time_that_rfc_5321_gives_it() -> None:
    assert WAITS[Phase.COMMAND] >= 300
    assert WAITS[Phase.DATA] >= 180
    assert WAITS[Phase.VERDICT] >= 600


ENVELOPE = b"HELO x\r\nMAIL FROM:<>\r\n"


def test_an_upstream_has_less_time_to_greet_than_its_client_has_patience() -> None:
    relay = relay_with()
    *_, question = relay.handle(ClientBytes(ENVELOPE + b"RCPT TO:<b@it.test>\r\n"), NOW)
    assert isinstance(question, Decide)
    assert relay.patience == WAITS[Phase.DECISION]
    relay.handle(decided("pass", question.arrival), NOW)
    for event in (Connected(), UpstreamBytes(b"220 x\r\n"), UpstreamBytes(b"250 x\r\n")):
        assert relay.patience == Timeouts().hello < WAITS[Phase.RCPT]
        relay.handle(event, NOW)
    assert relay.patience == WAITS[Phase.RCPT]


CONNECTED: tuple[Event, ...] = (Connected(), *(UpstreamBytes(b"250 ok\r\n") for _ in range(3)))
"""The connection, the greeting, EHLO, MAIL."""


def test_a_scanners_rate_counts_messages_and_not_recipients() -> None:
    relay = relay_with(caps={"a": RateCap(1)})
    relay.handle(ClientBytes(ENVELOPE), NOW)
    answers = []
    for recipient in (b"gone@it.test", b"b@it.test"):
        *_, question = relay.handle(ClientBytes(b"RCPT TO:<%s>\r\n" % recipient), NOW)
        assert isinstance(question, Decide)
        effects = relay.handle(decided("reroute a", question.arrival), NOW)
        for event in CONNECTED:
            if not any(isinstance(effect, Send) for effect in effects):
                effects = relay.handle(event, NOW)
        if not any(isinstance(effect, Send) for effect in effects):
            effects = relay.handle(UpstreamBytes(b"550 no such user\r\n"), NOW)
        answers += [effect.data for effect in effects if isinstance(effect, Send)]
    assert answers == [b"550 no such user\r\n", b"250 ok\r\n"]


def test_commands_without_a_message_are_counted() -> None:
    session = Session()
    session.says(b"HELO x\r\n")
    for _ in range(3):  # a message sets the count back
        for _ in range(DEFAULTS.commands // 2):
            assert session.says(b"NOOP\r\n") == [b"250 2.0.0 OK\r\n"]
        session.says(b"MAIL FROM:<>\r\nRCPT TO:<b@it.test>\r\nDATA\r\n")
        session.says(b"hello\r\n.\r\n")
    for _ in range(DEFAULTS.commands + 1):
        heard = session.says(b"NOOP\r\n")
    assert heard[-1] == b"421 4.7.0 Too many commands without a message\r\n"
    assert session.effects[-1] == Close()
    assert session.limits == ["commands"]


def test_others_have_their_turn_between_many_commands() -> None:
    relay = relay_with()
    effects = relay.handle(ClientBytes(b"NOOP\r\n" * (AT_ONCE + 50)), NOW)
    assert effects.count(Send(b"250 2.0.0 OK\r\n")) == AT_ONCE
    assert effects[-1] == Later()
    assert relay.handle(ClientBytes(b""), NOW) == [Send(b"250 2.0.0 OK\r\n")] * 50


@pytest.mark.parametrize(
    ("limits", "said", "heard"),
    [
        (Limits(errors=1), b"what?\r\nwhat?\r\n", b"421 4.7.0 Too many errors\r\n"),
        (Limits(line=10), b"NOOP 678901\r\n", b"500 5.5.2 Line too long\r\n"),
        (
            Limits(commands=2),
            b"NOOP\r\n" * 3,
            b"421 4.7.0 Too many commands without a message\r\n",
        ),
        (
            Limits(recipients=1),
            b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<b@it.test>\r\nRCPT TO:<c@it.test>\r\n",
            b"452 4.5.3 Too many recipients\r\n",
        ),
    ],
)
def test_the_operator_sets_the_limits(limits: Limits, said: bytes, heard: bytes) -> None:
    assert Session(limits=limits).says(said)[-1] == heard


def test_the_operator_sets_the_waits() -> None:
    waits = Timeouts(command=1, decision=2, hello=3, reply=4, data_start=5, data=6, verdict=7)
    relay = relay_with(timeouts=waits)
    relay.greet()
    asked: list[Decide] = []
    seen = []
    for event in (
        ClientBytes(ENVELOPE),
        ClientBytes(b"RCPT TO:<b@it.test>\r\n"),
        "pass",
        *CONNECTED[:3],
        UpstreamBytes(b"250 sender ok\r\n"),
        UpstreamBytes(b"250 recipient ok\r\n"),
        ClientBytes(b"DATA\r\n"),
        UpstreamBytes(b"354 go on\r\n"),
        ClientBytes(b".\r\n"),
        UpstreamBytes(b"250 queued\r\n"),
    ):
        happens = decided(event, asked[-1].arrival) if isinstance(event, str) else event
        effects = relay.handle(happens, NOW)
        asked += [effect for effect in effects if isinstance(effect, Decide)]
        seen.append(relay.patience)
    assert seen == [1, 2, 3, 3, 3, 4, 4, 1, 5, 6, 7, 1]


@pytest.mark.parametrize("start", [b"DATA\r\n", b"BDAT 10000\r\n"])
def test_a_message_gets_on_by_enough_octets(start: bytes) -> None:
    """A client that sends an octet now and then buys no time."""
    session = Session(limits=Limits(slow=100))
    session.says(ENVELOPE + b"RCPT TO:<b@it.test>\r\n" + start)
    seen = []
    for size in (1, 98, 1, 50, 49, 1, 250):
        before = session.relay.progress
        session.says(b"x" * size)
        seen.append(session.relay.progress - before)
    assert seen == [0, 0, 1, 0, 0, 1, 2]


def test_so_does_a_chunk_that_nobody_wants() -> None:
    session = Session(limits=Limits(slow=100))
    session.says(b"BDAT 1000\r\n")
    before = session.relay.progress
    for _ in range(10):
        session.says(b"x" * 30)
    assert session.relay.progress - before == 3


def test_each_command_gets_on() -> None:
    relay = relay_with()
    before = relay.progress
    relay.handle(ClientBytes(b"NOO"), NOW)
    assert relay.progress == before
    relay.handle(ClientBytes(b"P\r\nwhat?\r\n"), NOW)
    assert relay.progress == before + 2
