"""AUTH line by line: how many, how long, and what the log is told of them."""

from __future__ import annotations

import pytest

from mxward.smtp.authentication import LONGEST, MOST_LINES, initial, is_response
from mxward.smtp.commands import CommandError
from mxward.smtp.extensions import Extensions
from mxward.smtp.limits import Timeouts
from mxward.smtp.offers import Offers
from mxward.smtp.relay import Phase, Relay
from mxward.smtp.secrecy import Auth
from mxward.smtp.vocabulary import (
    ClientBytes,
    Close,
    Connected,
    Effect,
    Log,
    Send,
    SendUpstream,
    UpstreamBytes,
)
from tests.smtp.player import NOW, PEER, settings

EHLO = b"250-mail.test\r\n250 AUTH LOGIN\r\n"
CHALLENGE = b"334 VXNlcm5hbWU6\r\n"


def challenged(errors: int = 50) -> Relay:
    """A session whose mail server waits for a line of the client's."""
    made = settings(auth=Auth.ALWAYS)
    relay = Relay(PEER, made, Offers(made, Extensions({"AUTH": "LOGIN"})))
    relay.handle(ClientBytes(b"EHLO client.test\r\nAUTH LOGIN\r\n"), NOW)
    for event in (Connected(), UpstreamBytes(b"220 x\r\n"), UpstreamBytes(EHLO)):
        relay.handle(event, NOW)
    assert relay.handle(UpstreamBytes(CHALLENGE), NOW) == [Send(CHALLENGE)]
    assert relay.phase is Phase.AUTH_LINE
    return relay


def says(relay: Relay, line: bytes) -> list[Effect]:
    return relay.handle(ClientBytes(line + b"\r\n"), NOW)


def test_an_exchange_has_an_end() -> None:
    relay = challenged()
    for _ in range(MOST_LINES):
        assert says(relay, b"YQ==") == [SendUpstream(b"YQ==\r\n")]
        relay.handle(UpstreamBytes(CHALLENGE), NOW)
    assert says(relay, b"YQ==") == [SendUpstream(b"*\r\n")]
    heard, log = relay.handle(UpstreamBytes(b"501 cancelled\r\n"), NOW)
    assert heard == Send(b"501 5.5.2 That is no base64\r\n")
    assert isinstance(log, Log)


def test_a_mail_server_has_less_time_to_greet_than_to_check_a_password() -> None:
    waits = Timeouts(hello=1, reply=2, command=3)
    made = settings(auth=Auth.ALWAYS, timeouts=waits)
    relay = Relay(PEER, made, Offers(made, Extensions({"AUTH": "LOGIN"})))
    seen = []
    for event in (
        ClientBytes(b"EHLO client.test\r\nAUTH LOGIN\r\n"),
        Connected(),
        UpstreamBytes(b"220 x\r\n"),
        UpstreamBytes(EHLO),
        UpstreamBytes(CHALLENGE),
        ClientBytes(b"YQ==\r\n"),
    ):
        relay.handle(event, NOW)
        seen.append(relay.patience)
    assert seen == [1, 1, 1, 2, 3, 2]


def test_a_line_may_be_as_long_as_rfc_4954_wants_it() -> None:
    relay = challenged()
    line = b"a" * LONGEST
    assert says(relay, line) == [SendUpstream(line + b"\r\n")]
    relay.handle(UpstreamBytes(CHALLENGE), NOW)
    *_, heard, closed = says(relay, line + b"a")
    assert (heard, closed) == (Send(b"500 5.5.2 Line too long\r\n"), Close())


def test_what_the_log_is_told() -> None:
    relay = challenged()
    says(relay, b"c2VjcmV0")
    _, log = relay.handle(UpstreamBytes(b"535 5.7.8 no c2VjcmV0\r\n"), NOW)
    assert isinstance(log, Log)
    assert (log.event, log.loud) == ("auth", False)
    assert {key: str(value) for key, value in log.fields.items()} == {
        "id": "s1",
        "client": "4.3.90.120",
        "mechanism": "LOGIN",
        "reply": "535",
    }


def test_a_client_that_guesses_is_a_client_that_errs() -> None:
    relay = challenged()
    heard: list[Effect] = []
    for _ in range(51):
        says(relay, b"YQ==")
        heard = relay.handle(UpstreamBytes(b"535 5.7.8 no\r\n"), NOW)
        if relay.phase is Phase.CLOSED:
            break
        says(relay, b"AUTH LOGIN")
        relay.handle(UpstreamBytes(CHALLENGE), NOW)
    assert Send(b"421 4.7.0 Too many errors\r\n") in heard
    assert heard[-1] == Close()


@pytest.mark.parametrize(
    ("text", "sent_on"),
    [
        ("PLAIN", "PLAIN"),
        ("plain AGEAYg==", "PLAIN AGEAYg=="),
        ("PLAIN  =", "PLAIN ="),
        ("SCRAM-SHA-256-PLUS YQ==", "SCRAM-SHA-256-PLUS YQ=="),
        ("X_1-y Y+/=", "X_1-Y Y+/="),
    ],
)
def test_initial(text: str, sent_on: str) -> None:
    assert initial(text) == (sent_on.partition(" ")[0], sent_on)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " PLAIN",
        "PLAIN ",
        "PLAIN a b",
        "PLAIN a===",
        "PLAIN ==",
        "PLAIN a=b",
        "PLAIN a\tb",
        "PLAIN \u00e9",
        "PL\u00c4IN",
        "PLAIN\r\nQUIT",
        "x" * 21,
    ],
)
def test_no_initial(text: str) -> None:
    with pytest.raises(CommandError) as refused:
        initial(text)
    assert str(refused.value) == "501 5.5.4 Syntax: AUTH mechanism [initial-response]"


@pytest.mark.parametrize("line", [b"", b"*", b"=", b"==", b"YQ==", b"a", b"+/09AZaz"])
def test_a_response(line: bytes) -> None:
    assert is_response(line)


@pytest.mark.parametrize(
    "line", [b"**", b"*a", b"a*", b"===", b"a=b", b"a b", b"a\0", b"a\n", b"\xff", b"-_", b"a\r"]
)
def test_no_response(line: bytes) -> None:
    assert not is_response(line)
