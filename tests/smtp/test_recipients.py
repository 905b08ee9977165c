"""Recipients that wait for their answers: how many, for which answer, and what the log is told."""

from __future__ import annotations

from mxward.model import Arrival
from mxward.smtp.extensions import Extensions
from mxward.smtp.offers import Offers
from mxward.smtp.recipients import MOST_AT_ONCE
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.vocabulary import (
    Abort,
    ClientBytes,
    ClientGone,
    Close,
    Connected,
    Decide,
    Effect,
    Event,
    Log,
    Send,
    SendUpstream,
    TimedOut,
    UpstreamBytes,
)
from tests.smtp.player import NOW, PEER, decided, settings

RCPT = b"RCPT TO:<%d@it.test>\r\n"
UNDECIDED = Send(b"451 4.3.0 No decision could be made in time, try again\r\n")


class Session:
    """A client whose mail server pipelines, up to its first recipients."""

    def __init__(self, recipients: int) -> None:
        self._relay = Relay(PEER, settings(), Offers(settings(), Extensions()))
        self._asked: list[Arrival] = []
        said = b"".join(RCPT % n for n in range(recipients))
        self.happens(ClientBytes(b"HELO x\r\nMAIL FROM:<a@client.test>\r\n" + said))

    @property
    def phase(self) -> Phase:
        return self._relay.phase

    @property
    def questions(self) -> int:
        return len(self._asked)

    def happens(self, event: Event) -> list[Effect]:
        effects = self._relay.handle(event, NOW)
        self._asked += [effect.arrival for effect in effects if isinstance(effect, Decide)]
        return effects

    def decides(self, text: str, which: int = -1) -> list[Effect]:
        return self.happens(decided(text, self._asked[which]))

    def connects(self) -> list[Effect]:
        self.happens(Connected())
        self.happens(UpstreamBytes(b"220 x\r\n"))
        return self.happens(UpstreamBytes(b"250-x\r\n250 PIPELINING\r\n"))


def test_a_decision_that_comes_too_late_is_none_for_the_next_recipient() -> None:
    session = Session(2)
    effects = session.happens(TimedOut())
    assert effects[0] == UNDECIDED
    assert session.questions == 2
    assert session.decides("pass", 0) == []
    assert session.phase is Phase.DECISION
    assert Send in [type(effect) for effect in session.decides("refuse", 1)]


def test_no_more_than_a_hundred_wait_for_their_answers() -> None:
    session = Session(MOST_AT_ONCE + 5)
    session.decides("pass")
    session.connects()
    while session.phase is Phase.DECISION:
        session.decides("pass")
    assert session.questions == MOST_AT_ONCE
    session.happens(UpstreamBytes(b"250 sender ok\r\n"))
    assert session.questions == MOST_AT_ONCE
    heard = session.happens(UpstreamBytes(b"250 ok\r\n"))
    assert heard[0] == Send(b"250 ok\r\n")
    assert session.questions == MOST_AT_ONCE + 1


def waits(session: Session) -> None:
    """Two are on their way, one is refused behind them, the fourth is asked about."""
    session.decides("pass")
    session.connects()
    for answer in ("pass", "refuse"):
        session.decides(answer)
    assert session.phase is Phase.DECISION


def test_a_client_that_leaves_is_told_nothing_and_the_log_all_that_was_decided() -> None:
    session = Session(4)
    waits(session)
    effects = session.happens(ClientGone())
    logs = [effect for effect in effects if isinstance(effect, Log)]
    assert [str(log.fields["to"]) for log in logs] == ["0@it.test", "1@it.test", "2@it.test"]
    assert [log.fields["reply"] for log in logs] == ["", "", ""]
    assert [effect for effect in effects if not isinstance(effect, Log)] == [Abort()]


def test_so_it_is_with_one_that_errs_too_often_behind_them() -> None:
    session = Session(1)
    session.decides("pass")
    session.connects()
    limit, log, *effects = session.happens(ClientBytes(b"RCPT what?\r\n" * 51))
    assert isinstance(limit, Log) and limit.fields["limit"] == "errors"
    assert isinstance(log, Log)
    assert (log.fields["to"], log.fields["reply"]) == ("0@it.test", "")
    assert effects == [Abort(), Send(b"421 4.7.0 Too many errors\r\n"), Close()]


def test_the_client_is_heard_out_of_turn_only_with_recipients() -> None:
    session = Session(1)
    session.decides("pass")
    session.connects()
    assert session.happens(ClientBytes(b"NOOP\r\n" + RCPT % 1)) == []
    effects = session.happens(UpstreamBytes(b"250 sender ok\r\n250 ok 0\r\n"))
    assert [effect for effect in effects if not isinstance(effect, Log)][:3] == [
        Send(b"250 ok 0\r\n"),
        Send(b"250 2.0.0 OK\r\n"),
        Decide(session._asked[-1]),
    ]


def test_a_recipient_waits_until_its_line_is_whole() -> None:
    session = Session(1)
    session.decides("pass")
    session.connects()
    for piece in (b"R", b"CPT TO:<1", b"@it.test>", b"\r"):
        assert session.happens(ClientBytes(piece)) == []
    assert [type(x) for x in session.happens(ClientBytes(b"\n"))] == [Decide]
    assert session.decides("pass") == [SendUpstream(b"RCPT TO:<1@it.test>\r\n")]
