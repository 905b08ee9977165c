"""What the log is told of a session: each decision, each message, and what is loud."""

from __future__ import annotations

from mxward.model import Arrival
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Peer
from mxward.smtp.offers import Offers
from mxward.smtp.relay import Relay
from mxward.smtp.vocabulary import (
    ClientBytes,
    ClientGone,
    Connected,
    Decide,
    Event,
    Log,
    TimedOut,
    UpstreamBytes,
    UpstreamGone,
)
from tests.smtp.player import NOW, PEER, decided, settings
from tests.smtp.watched import LOOP_MARK

ENVELOPE = ClientBytes(b"HELO my pc\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<B@it.test>\r\n")
ACCEPTED: tuple[Event, ...] = (
    Connected(),
    *(UpstreamBytes(b"250 ok\r\n") for _ in range(4)),  # the greeting, EHLO, MAIL, RCPT
)
DATA: tuple[Event, ...] = (ClientBytes(b"DATA\r\n"), UpstreamBytes(b"354 go on\r\n"))


def logged(*events: Event | str | float, peer: Peer = PEER) -> list[Log]:
    """What a session writes down; a string is the policy's answer, a number seconds that pass."""
    relay = Relay(peer, settings(), Offers(settings(), Extensions()))
    logs: list[Log] = []
    asked: list[Arrival] = []
    now = NOW
    for event in events:
        if isinstance(event, float):
            now += event
            continue
        happens = decided(event, asked[-1]) if isinstance(event, str) else event
        effects = relay.handle(happens, now)
        logs += [effect for effect in effects if isinstance(effect, Log)]
        asked += [effect.arrival for effect in effects if isinstance(effect, Decide)]
    return logs


def told(log: Log) -> dict[str, str]:
    return {key: str(value) for key, value in log.fields.items()}


def test_a_decision_says_who_what_why_and_how_it_ended() -> None:
    (log,) = logged(ENVELOPE, "pass", *ACCEPTED)
    assert (log.event, log.loud) == ("decision", False)
    assert told(log) == {
        "id": "s1-1",
        "client": "4.3.90.120",
        "helo": "my pc",
        "from": "a@client.test",
        "to": "B@it.test",
        "door": "back",
        "stage": "reroute",
        "action": "pass",
        "would": "pass",
        "reason": "back-door",
        "upstream": "192.0.2.25:25",
        "reply": "250 ok",
    }


def test_a_refusal_has_no_upstream() -> None:
    (log,) = logged(ENVELOPE, "refuse")
    assert told(log)["upstream"] == ""
    assert told(log)["reply"] == "550 5.7.1 Mail for it.test is taken at its MX only, not here"


def test_the_id_of_a_refusal_is_the_one_that_the_client_was_told() -> None:
    first, second = logged(ENVELOPE, "refuse", ClientBytes(b"RSET\r\n" + ENVELOPE.data), "defer")
    assert [told(log)["id"] for log in (first, second)] == ["s1-1", "s1-2"]


def test_without_a_decision_in_time_there_is_none_to_tell() -> None:
    (log,) = logged(ENVELOPE, TimedOut())
    assert log.event == "decision"
    assert "action" not in log.fields
    assert told(log)["reply"].startswith("451 4.3.0")


def test_an_upstream_that_is_not_there_is_named() -> None:
    (log,) = logged(ENVELOPE, "pass", UpstreamGone())
    assert told(log)["upstream"] == "192.0.2.25:25"
    assert told(log)["reply"].startswith("451 4.4.1")


def test_a_client_that_leaves_before_its_answer_has_no_reply() -> None:
    (log,) = logged(ENVELOPE, "pass", Connected(), ClientGone())
    assert (log.event, told(log)["action"], told(log)["reply"]) == ("decision", "pass", "")
    assert logged(ENVELOPE, ClientGone()) == []  # nothing was decided


def message(*events: Event | float) -> Log:
    """The line on the message of a session that has come to its DATA."""
    *_, log = logged(ENVELOPE, "pass", *ACCEPTED, *DATA, *events)
    assert log.event == "message"
    return log


def test_a_message_says_what_became_of_it() -> None:
    end, verdict = ClientBytes(b"hello\r\n.\r\n"), UpstreamBytes(b"250 queued as 1\r\n")
    log = message(ClientBytes(b""), 3.0, end, 0.0712, verdict)
    assert told(log) == {
        "id": "s1-1",
        "client": "4.3.90.120",
        "upstream": "192.0.2.25:25",
        "size": "7",
        "recipients": "1",
        "reply": "250 queued as 1",
        "waited_ms": "71",
    }
    earlier = message(end, -5.0, verdict)  # the clock was set back
    assert told(earlier)["waited_ms"] == "0"


def test_a_message_that_was_lost_says_why() -> None:
    end = ClientBytes(b"hello\r\n.\r\n")
    assert told(message(end, UpstreamGone("reset by peer")))["why"] == "reset by peer"
    assert told(message(UpstreamGone("reset by peer"), end))["why"] == "reset by peer"
    assert told(message(UpstreamGone("reset by peer"), ClientGone()))["why"] == "reset by peer"
    assert told(message(end, TimedOut()))["why"] == "timed out"
    assert told(message(UpstreamBytes(b"250 what?\r\n"), end))["why"] == (
        "a reply that nobody asked for: 250 what?"
    )


def test_a_message_whose_client_left_has_no_reply() -> None:
    for event, why in (
        (ClientGone(), "the client went away"),
        (TimedOut(), "nothing came for too long"),
    ):
        log = message(ClientBytes(b"hel"), event)
        assert (told(log)["reply"], told(log)["why"]) == ("", why)
        assert "waited_ms" not in log.fields
    late = message(ClientBytes(b"hello\r\n.\r\n"), ClientGone())
    assert (told(late)["size"], told(late)["why"]) == ("7", "the client went away")


def test_a_loop_is_loud_and_names_the_address_to_declare() -> None:
    decision, loop, log = logged(
        ENVELOPE,
        "reroute a",
        *ACCEPTED,
        *DATA,
        ClientBytes(b"X: " + LOOP_MARK + b"\r\n\r\nhello\r\n.\r\n"),
    )
    assert (decision.event, loop.event, log.event) == ("decision", "loop", "message")
    assert loop.loud
    assert told(loop) == {
        "id": "s1-1",
        "client": "4.3.90.120",
        "scanner": "a",
        "mend": "if 4.3.90.120 is an address of the scanner, add it to scanners.a.egress",
    }
    assert told(log)["reply"].startswith("451 4.4.6")


def test_no_content_is_ever_told() -> None:
    logs = logged(
        ENVELOPE,
        "pass",
        *ACCEPTED,
        *DATA,
        ClientBytes(b"Subject: secret\r\n\r\nsecret\r\n.\r\n"),
        UpstreamBytes(b"250 ok\r\n"),
    )
    assert "secret" not in str(logs)
