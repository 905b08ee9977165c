"""The scenes of the demo, on the real thing: Postfix and Exim each as the mail server.

NSD and unbound for DNS, Postfix as the scanners, swaks and smtp-source as clients; the mailboxes
are counted each time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Exim, Postfix, smtp_source, swaks
from tests.integration.world import CLEAN_EGRESS, HONEST, MAIL, PRINTER, WORM, World, world

pytestmark = pytest.mark.real

STAGES = ("observe", "defer", "refuse", "reroute")


@pytest.fixture(scope="module", params=[Postfix, Exim])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), request.param) as made:
        yield made


def test_1_the_worm_lands_in_the_mailbox_while_it_is_only_observed(stand: World) -> None:
    stand.stage("observe")
    assert stand.worm("worm1@it.co.za").code == 0
    stand.arrives("worm1@it.co.za")
    assert not stand.scanned("worm1@it.co.za")
    decision = stand.mxward.decisions()[-1]
    assert decision["client"] == WORM
    assert (decision["action"], decision["would"]) == ("pass", "refuse")
    assert decision["reason"] == "back-door"


def test_the_mail_server_sees_the_clients_own_address(stand: World) -> None:
    assert WORM in stand.mail_server.log


def test_2_rerouted_the_scanner_refuses_it_and_the_client_sees_that(stand: World) -> None:
    stand.stage("reroute")
    session = stand.worm("worm2@it.co.za")
    assert session.refused == ["550 5.7.1 virus found: EICAR test string"]
    assert stand.mail_server.count("worm2@it.co.za") == 0


def test_3_honest_mail_is_rerouted_and_comes_through_the_scanner(stand: World) -> None:
    stand.stage("reroute")
    assert stand.send("honest3@it.co.za").code == 0
    stand.arrives("honest3@it.co.za")
    assert stand.scanned("honest3@it.co.za")


def test_3_with_the_first_scanner_down_the_second_takes_it(stand: World) -> None:
    stand.stage("reroute")
    stand.scanner.stop()
    try:
        assert stand.send("honest3@two.example").code == 0
        stand.arrives("honest3@two.example")
    finally:
        stand.scanner.start()


@pytest.mark.parametrize(("stage", "refusal"), [("defer", "451 4.7.1"), ("refuse", "550 5.7.1")])
def test_4_deferred_and_refused(stand: World, stage: str, refusal: str) -> None:
    stand.stage(stage)
    for session in (stand.worm("four@it.co.za"), stand.send("four@it.co.za")):
        assert session.refused[-1].startswith(refusal), session.transcript
        assert "mx1.clean.example" in session.transcript
        assert "postmaster@provider.example" in session.transcript
    assert stand.mail_server.count("four@it.co.za") == 0


@pytest.mark.parametrize(
    ("recipient", "source"),
    [
        ("five@it.co.za", CLEAN_EGRESS),
        ("five@two.example", "198.51.100.21"),
        ("printer@it.co.za", PRINTER),
        ("five@own.example", WORM),
        ("five@moved.example", WORM),
        ("five@nomx.example", WORM),
        ("five@nullmx.example", WORM),
    ],
)
def test_5_who_may_pass(stand: World, recipient: str, source: str) -> None:
    if not stand.mail_server.count(recipient):
        stand.stage("refuse")
    assert stand.send(recipient, source).code == 0
    stand.arrives(recipient)


def test_6_dns_goes_away_and_comes_back(stand: World) -> None:
    stand.stage("reroute")
    assert stand.send("before@it.co.za").code == 0
    time.sleep(0.6)  # what was learned is written
    stand.nsd.stop()
    stand.unbound.stop()
    try:
        stand.stage("reroute")
        assert stand.worm("during@it.co.za").refused == ["550 5.7.1 virus found: EICAR test string"]
        assert stand.send("during@it.co.za").code == 0
        stand.arrives("during@it.co.za")
        unseen = stand.send("six@unseen.example")
        assert unseen.refused[-1].startswith("451 4.4.3")
        assert stand.send("six@observed.example").code == 0
        stand.arrives("six@observed.example")
    finally:
        stand.nsd.start()
        stand.unbound.start()
    stand.mail_server.wait_until(
        lambda: stand.send("six@unseen.example").code == 0, 30, "the retry is taken"
    )
    stand.arrives("six@unseen.example")


def test_6_a_zone_that_fails_is_not_a_domain_without_mx(stand: World) -> None:
    stand.stage("refuse")
    assert stand.send("six@broken.example").refused[-1].startswith("451 4.4.3")


def test_7_the_mail_server_goes_away_in_data(stand: World) -> None:
    stand.stage("observe")
    with Dialogue(MAIL, source=HONEST) as client:
        client.say("EHLO client.example", "MAIL FROM:<a@client.example>")
        assert client.say("RCPT TO:<seven@it.co.za>").startswith("250")
        assert client.say("DATA").startswith("354")
        client.send("Subject: cut off\r\n\r\nhalf")
        stand.mail_server.kill()
        try:
            assert client.say(" a message\r\n.")[:1] == "4"
            assert stand.send("seven@it.co.za").refused[-1][:1] == "4"
        finally:
            stand.mail_server.start()
    assert stand.send("seven@it.co.za").code == 0
    stand.arrives("seven@it.co.za")


@pytest.mark.parametrize("identity", ["proxy-v1", "proxy-v2", "none"])
@pytest.mark.parametrize("stage", STAGES)
def test_8_a_stranger_never_relays(stand: World, stage: str, identity: str) -> None:
    stand.stage(stage, identity)
    for recipient in (
        "victim@elsewhere.example",
        "victim%elsewhere.example@it.co.za",
        "elsewhere.example!victim@it.co.za",
        "victim%elsewhere.example@[127.0.0.1]",
        "@it.co.za:victim@elsewhere.example",
        '"victim@elsewhere.example"@it.co.za',
    ):
        stand.send(recipient)
    assert [to for to in stand.mail_server.queued() if "elsewhere" in to] == []


def test_control_whoever_connects_from_the_host_itself_does_relay(stand: World) -> None:
    session = swaks("127.0.0.1", "control@elsewhere.example", port=10024, source="127.0.0.1")
    assert session.code == 0
    assert stand.mail_server.queued() == ["control@elsewhere.example"]


def test_many_messages_at_once_all_arrive(stand: World) -> None:
    stand.stage("observe")
    session = smtp_source(MAIL, "many@it.co.za", messages=100, sessions=10)
    assert session.code == 0, session.transcript
    stand.arrives("many@it.co.za", 100)
