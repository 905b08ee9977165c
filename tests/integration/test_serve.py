"""`mxward serve` as it runs for days: its source address, its inventory, its store, its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room
from tests.integration.world import CLEAN_EGRESS, HONEST, MAIL, World, world

pytestmark = pytest.mark.real

SOURCE = "203.0.113.26"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), Postfix) as made:
        yield made


def restart(stand: World, stage: str, *, replace: str = "", by: str = "") -> None:
    """Start in a stage, with one line of the configuration changed."""
    stand.stage(stage)
    if replace:
        stand.mxward.kill()
        assert replace in stand.mxward.configuration
        changed = stand.mxward.configuration.replace(replace, by)
        stand.mxward.configuration = changed
        stand.mxward.start()


def test_rerouted_mail_leaves_from_an_address_of_its_own(stand: World) -> None:
    room.own(SOURCE)
    contact = 'contact = "postmaster@provider.example"'
    restart(stand, "reroute", replace=contact, by=f'{contact}\nreroute_source = ["{SOURCE}"]')
    assert stand.send("source@it.co.za").code == 0
    stand.arrives("source@it.co.za")
    assert f"connect from unknown[{SOURCE}]" in stand.scanner.log


def test_recipients_that_go_different_ways_each_arrive_once(stand: World) -> None:
    stand.stage("reroute")
    recipients = ["ways@it.co.za", "ways@observed.example", "ways@moved.example"]
    tries = 0
    while recipients:
        tries += 1
        with Dialogue(MAIL, source=HONEST) as client:
            client.say("EHLO client.example", "MAIL FROM:<sender@client.example>")
            answers = {to: client.say(f"RCPT TO:<{to}>") for to in recipients}
            assert {answer[:9] for answer in answers.values()} <= {"250 2.1.5", "452 4.5.3"}
            assert client.say("DATA").startswith("354")
            assert client.say("Subject: ways\r\n\r\nhello\r\n.").startswith("250")
        recipients = [to for to, answer in answers.items() if answer.startswith("452")]
    assert tries == 2
    for to in ("ways@it.co.za", "ways@observed.example", "ways@moved.example"):
        stand.arrives(to)


def test_observed_recipients_all_go_together(stand: World) -> None:
    stand.stage("observe")
    with Dialogue(MAIL, source=HONEST) as client:
        client.say("EHLO client.example", "MAIL FROM:<sender@client.example>")
        for to in ("all@it.co.za", "all@two.example", "all@moved.example", "all@own.example"):
            assert client.say(f"RCPT TO:<{to}>").startswith("250")


def test_a_domain_that_joins_the_inventory_counts_within_seconds(stand: World) -> None:
    file = stand.mxward.directory / "localdomains"
    whole = file.read_text()
    file.write_text(whole.replace("two.example\n", ""))
    try:
        stand.stage("refuse")
        assert stand.send("joins@two.example").code == 0
    finally:
        file.write_text(whole)
    stand.mail_server.wait_until(
        lambda: bool(stand.send("joins@two.example").refused), 10, "the domain is enforced"
    )


def test_an_inventory_that_vanishes_is_not_applied(stand: World) -> None:
    stand.stage("refuse")
    file = stand.mxward.directory / "localdomains"
    whole = file.read_text()
    file.unlink()
    try:
        stand.mail_server.wait_until(
            lambda: "event=inventory-refused level=loud" in stand.mxward.log, 10, "it is told"
        )
        assert stand.send("vanished@it.co.za").refused[-1].startswith("550 5.7.1")
    finally:
        file.write_text(whole)


def test_a_list_that_shrank_while_it_was_down_is_told(stand: World) -> None:
    stand.stage("observe")
    file = stand.mxward.directory / "localdomains"
    whole = file.read_text()
    file.write_text("it.co.za\n")
    try:
        stand.stage("observe")
        stand.mail_server.wait_until(
            lambda: "event=inventory-shrank level=loud before=9 now=1" in stand.mxward.log,
            5,
            "it is told",
        )
    finally:
        file.write_text(whole)


def test_without_its_store_it_defers_and_says_so(stand: World) -> None:
    stand.mxward.kill()
    store = stand.mxward.directory / "store.db"
    for part in stand.mxward.directory.glob("store.db*"):
        part.unlink()
    store.write_bytes(b"this was a database once\n" * 100)
    try:
        stand.stage("refuse")
        assert stand.send("lost@it.co.za").refused[-1].startswith("451 4.4.3")
        assert stand.send("lost@it.co.za", source=CLEAN_EGRESS).code == 0
        assert stand.send("lost@observed.example").code == 0
        stand.mail_server.wait_until(
            lambda: "event=store-unreadable level=loud" in stand.mxward.log, 5, "it is told"
        )
    finally:
        store.unlink()


def test_sigterm_ends_it_in_good_order(stand: World) -> None:
    stand.stage("observe")
    assert stand.send("last@it.co.za").code == 0
    assert stand.mxward.stop() == 0
    assert stand.mxward.log.rstrip().endswith("event=stopped")
    assert "to=last@it.co.za" in stand.mxward.log
