"""What one server is asked next, and when it is done."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mxward.smtp.probed import About, Answered
from tests.lookup.courses import EHLO, FakeServer, course_of, run

DOMAINS = [f"d{n}.test" for n in range(30)]


def usual(verb: str, line: str) -> str:
    """A server that takes everything."""
    return {"EHLO": EHLO, "QUIT": "221 bye"}.get(verb, "250 OK")


def relays_nothing(verb: str, line: str, now: float) -> str:
    return "554 5.7.1 Relay access denied" if verb == "RCPT" else usual(verb, line)


def rcpts(session: list[str]) -> list[str]:
    return [line for line in session if line.startswith("RCPT")]


def test_many_refused_domains_take_many_sessions_of_eight() -> None:
    server = FakeServer(relays_nothing)
    found = run(course_of(DOMAINS), server)
    assert list(found) == DOMAINS
    assert {each.about for each in found.values()} == {About.DOMAIN}
    assert [len(rcpts(session)) for session in server.sessions()] == [8, 8, 8, 6]
    for session in server.sessions():
        assert [line for line in session if line[:4] in ("RSET", "QUIT")] == ["RSET", "QUIT"]


def test_accepted_domains_need_one() -> None:
    server = FakeServer(lambda verb, line, now: usual(verb, line))
    found = run(course_of(DOMAINS), server)
    assert len(server.sessions()) == 1
    assert all(each.catch_all for each in found.values())


def test_a_hundred_recipients_a_session() -> None:
    server = FakeServer(lambda verb, line, now: usual(verb, line))
    run(course_of([f"d{n}.test" for n in range(120)]), server)
    assert [len(rcpts(session)) for session in server.sessions()] == [100, 100, 40]


def test_who_refuses_the_null_sender_is_asked_by_the_other() -> None:
    def say(verb: str, line: str, now: float) -> str:
        return "550 5.7.1 no bounces here" if line == "MAIL FROM:<>" else usual(verb, line)

    server = FakeServer(say)
    found = run(course_of(DOMAINS[:3], sender="audit@provider.test"), server)
    assert {(each.answered, each.sender) for each in found.values()} == {
        (Answered.ACCEPTED, "audit@provider.test")
    }
    evidence = "\n".join(found["d0.test"].transcript)
    assert "550 5.7.1 no bounces here" in evidence
    assert "MAIL FROM:<audit@provider.test>" in evidence


def test_without_another_sender_that_is_all_that_is_known() -> None:
    server = FakeServer(lambda verb, line, now: "550 no" if verb == "MAIL" else usual(verb, line))
    found = run(course_of(DOMAINS[:3]), server)
    assert {(each.answered, each.about) for each in found.values()} == {
        (Answered.REFUSED, About.SENDER)
    }
    assert len(server.sessions()) == 1


def test_who_refuses_our_name_is_asked_by_the_plain_one() -> None:
    def say(verb: str, line: str, now: float) -> str:
        if verb == "EHLO" and "mxward" in line:
            server.marked = True
        elif verb == "EHLO":
            server.marked = False
        if verb == "RCPT" and server.marked:
            return "450 4.7.1 <mxward-audit>: Helo command rejected: Host not found"
        return usual(verb, line)

    class Picky(FakeServer):
        marked = False

    server = Picky(say)
    found = run(course_of(DOMAINS[:3]), server)
    assert {each.answered for each in found.values()} == {Answered.ACCEPTED}
    assert server.times() == [0.0, 0.0]


def test_a_refusal_of_the_domain_is_final() -> None:
    server = FakeServer(relays_nothing)
    run(course_of(DOMAINS[:3], sender="audit@provider.test"), server)
    assert len(server.sessions()) == 1


def test_a_greylister_is_asked_again_by_the_same_triples() -> None:
    first: dict[str, float] = {}

    def say(verb: str, line: str, now: float) -> str:
        if verb == "RCPT" and now - first.setdefault(line, now) < 200:
            return "450 4.2.0 Greylisted, see you later"
        return usual(verb, line)

    server = FakeServer(say)
    found = run(course_of(DOMAINS[:3]), server)
    assert server.times() == [0.0, 300.0, 1800.0]  # the last time for the strangers
    assert {each.answered for each in found.values()} == {Answered.ACCEPTED}
    assert all(each.catch_all for each in found.values())
    assert "asked again, 300 s after that" in "\n".join(found["d0.test"].transcript)


def test_who_defers_for_ever_is_asked_three_times() -> None:
    server = FakeServer(lambda verb, line, now: "451 no" if verb == "RCPT" else usual(verb, line))
    found = run(course_of(DOMAINS[:3]), server)
    assert server.times() == [0.0, 300.0, 1800.0]
    assert {each.answered for each in found.values()} == {Answered.DEFERRED}


def test_who_relays_nothing_is_not_asked_again_whatever_the_code() -> None:
    def say(verb: str, line: str, now: float) -> str:
        return "454 4.7.1 Relay access denied" if verb == "RCPT" else usual(verb, line)

    server = FakeServer(say)
    found = run(course_of(DOMAINS[:3]), server)
    assert server.times() == [0.0]
    assert {(each.answered, each.about) for each in found.values()} == {
        (Answered.DEFERRED, About.DOMAIN)
    }


def test_who_turns_us_away_is_not_asked_again() -> None:
    server = FakeServer(lambda verb, line, now: None, banner="421 4.7.0 too busy")
    found = run(course_of(DOMAINS), server)
    assert len(server.sessions()) == 1
    assert {(each.answered, each.code) for each in found.values()} == {(Answered.SILENT, 421)}


def test_nor_is_it_when_it_does_so_later() -> None:
    server = FakeServer(lambda verb, line, now: "451 no" if verb == "RCPT" else usual(verb, line))
    course = course_of(DOMAINS[:3])
    hold = server.hold

    def turned(probe: object, now: float) -> None:
        server.banner = "554 go away" if now else server.banner
        hold(probe, now)  # type: ignore[arg-type]

    server.hold = turned  # type: ignore[method-assign]
    found = run(course, server)
    assert server.times() == [0.0, 300.0]
    assert {each.answered for each in found.values()} == {Answered.DEFERRED}


def test_who_hangs_up_at_every_recipient_is_left_after_three() -> None:
    server = FakeServer(lambda verb, line, now: None if verb == "RCPT" else usual(verb, line))
    found = run(course_of(DOMAINS), server)
    assert len(server.sessions()) == 3
    assert {each.answered for each in found.values()} == {Answered.SILENT}
    assert {each.why for each in found.values()} == {"it closes the connection"}


def test_who_hangs_up_after_a_few_is_asked_for_the_rest() -> None:
    def say(verb: str, line: str, now: float) -> str | None:
        if verb != "RCPT":
            return usual(verb, line)
        mine = [each for each in server.sessions()[-1] if each.startswith("RCPT")]
        return usual(verb, line) if len(mine) <= 5 else None

    server = FakeServer(say)
    found = run(course_of(DOMAINS), server)
    answered = [each for each in found.values() if each.answered is Answered.ACCEPTED]
    silent = [each for each in found.values() if each.answered is Answered.SILENT]
    assert len(answered) == 25
    assert len(silent) == 5  # the one it hung up over, each time


def test_tls_that_fails_is_left_out() -> None:
    def say(verb: str, line: str, now: float) -> str:
        if verb == "EHLO":
            return "250-mail.test\r\n250-STARTTLS\r\n250 PIPELINING"
        return "220 go" if verb == "STAR" else usual(verb, line)

    server = FakeServer(say, tls=False)
    found = run(course_of(DOMAINS[:3]), server)
    assert {(each.answered, each.tls) for each in found.values()} == {(Answered.ACCEPTED, "none")}
    assert len(server.sessions()) == 2


def test_a_tarpit_does_not_hold_us_for_ever() -> None:
    server = FakeServer(relays_nothing)
    found = run(course_of(DOMAINS), server, seconds=599.0)
    assert len(server.sessions()) == 4
    assert found["d29.test"].answered is Answered.REFUSED
    server = FakeServer(relays_nothing)
    found = run(course_of(DOMAINS), server, seconds=700.0)
    assert len(server.sessions()) == 3
    assert found["d29.test"].answered is Answered.SILENT
    assert "2100 s" in found["d29.test"].why


def test_who_trusts_us_is_told_for_all_its_domains() -> None:
    server = FakeServer(lambda verb, line, now: usual(verb, line))
    found = run(course_of(DOMAINS, control="postmaster@example.com"), server)
    assert all(each.trusting for each in found.values())
    control = [line for _, line in server.heard if "example.com" in line]
    assert len(control) == 1


REPLIES = st.sampled_from(
    [
        "250 OK",
        "250 OK",
        "450 4.2.0 Greylisted",
        "452 4.5.3 too many",
        "550 5.1.1 User unknown",
        "554 5.7.1 Relay access denied",
        "550 5.7.1 no",
        "550 5.7.1 Sender rejected",
        "550 5.7.1 Client host blocked",
        "421 4.3.2 closing",
        "999 what",
        None,
    ]
)


@given(st.lists(REPLIES, min_size=1, max_size=50), st.sampled_from([EHLO, "250 mail.test"]))
def test_whatever_it_answers_it_ends_and_every_domain_is_told(
    answers: list[str | None], hello: str
) -> None:
    turn = 0

    def say(verb: str, line: str, now: float) -> str | None:
        nonlocal turn
        if verb in ("MAIL", "RCPT"):
            turn += 1
            return answers[turn % len(answers)]
        return hello if verb == "EHLO" else usual(verb, line)

    server = FakeServer(say)
    found = run(course_of(DOMAINS, sender="audit@provider.test"), server)
    assert list(found) == DOMAINS
    assert not any(each.answered is Answered.NOT_ASKED for each in found.values())
    words = {re.split("[ :]", line)[0] for _, line in server.heard}
    assert words <= {"connect", "EHLO", "HELO", "MAIL", "RCPT", "RSET", "QUIT"}
    for session in server.sessions():
        assert len(rcpts(session)) <= 100
