"""XCLIENT to a real Postfix: who each client is, over connections that serve many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room, smtp_source, swaks
from tests.integration.site import BEHIND, CLIENT, MAIL, OTHER, Site, site

pytestmark = pytest.mark.real

CLIENTS = [f"192.0.2.{number}" for number in range(10, 30)]
V6 = "2001:db8::7"

# Access by address and by name, as Postfix has it for clients that connect by themselves.
RULES = """\
smtpd_client_restrictions =
  check_client_access inline:{
    {192.0.2.19 = REJECT not you}
    {one.client.example = WARN known by name}
    {forged.client.example = REJECT forged} }
smtpd_recipient_restrictions =
  check_recipient_access inline:{ {gone@it.co.za = REJECT gone} }
"""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix, settings=RULES) as made:
        room.own(V6)
        made.configure("xclient")
        listen = f'listen = ["{MAIL}:25"'
        made.mxward.configuration = made.mxward.configuration.replace(
            listen, f'{listen}, "[{V6}]:25"'
        )
        made.mxward.start()
        yield made


def connections(stand: Site) -> int:
    """How many times somebody has connected to Postfix so far."""
    return stand.mail_server.log.count(": connect from ")


def test_its_log_shows_each_client(stand: Site) -> None:
    for client, name in (
        (CLIENT, "one.client.example"),
        (OTHER, "unknown"),
        (CLIENTS[0], "unknown"),
    ):
        session = swaks(MAIL, f"{client}@it.co.za", source=client, helo=f"helo-{client}.example")
        assert session.code == 0, session.transcript
        [mail] = stand.mail_server.mail(f"{client}@it.co.za")
        told = f"from helo-{client}.example ({name} [{client}])"
        assert told in str(mail.message["Received"]).replace("\n", "")
        assert f"client={name}[{client}]" in stand.mail_server.log


def test_ipv6(stand: Site) -> None:
    """The client's address is of another family than mxward's way to Postfix."""
    room.own(V6)
    with Dialogue(V6, source=V6) as client:
        send(client, "ipv6@it.co.za")
    [mail] = stand.mail_server.mail("ipv6@it.co.za")
    assert f"(unknown [IPv6:{V6}])" in str(mail.message["Received"])


def test_one_connection_serves_many_clients_in_turn(stand: Site) -> None:
    swaks(MAIL, "turn@it.co.za", source=CLIENT)
    before = connections(stand)
    clients = [client for client in CLIENTS if client != "192.0.2.19"]
    for client in clients:
        room.own(client)
        with Dialogue(MAIL, source=client) as dialogue:
            send(dialogue, f"turn-{client}@it.co.za")
            assert dialogue.say("QUIT").startswith("221")
    assert connections(stand) == before
    for client in clients:
        [mail] = stand.mail_server.mail(f"turn-{client}@it.co.za")
        assert f"[{client}])" in str(mail.message["Received"])


def send(dialogue: Dialogue, to: str) -> None:
    dialogue.say("EHLO client.example", "MAIL FROM:<a@client.example>")
    assert dialogue.say(f"RCPT TO:<{to}>").startswith("250")
    assert dialogue.say("DATA").startswith("354")
    assert dialogue.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")


def test_access_rules_are_about_the_client(stand: Site) -> None:
    assert swaks(MAIL, "rule@it.co.za", source=CLIENTS[0]).code == 0
    refused = swaks(MAIL, "rule@it.co.za", source="192.0.2.19").refused
    assert [line[:9] for line in refused] == ["554 5.7.1"]
    assert "not you" in refused[0]
    assert swaks(MAIL, "rule@it.co.za", source=CLIENTS[1]).code == 0
    assert stand.mail_server.count("rule@it.co.za") == 2
    assert "warn: RCPT from one.client.example[192.0.2.7]: known by name" in stand.mail_server.log
    assert swaks(MAIL, "rule@it.co.za", source=OTHER).code == 0  # its name is not confirmed
    assert swaks(MAIL, "x@far.example", source=OTHER).refused[-1][:3] == "454"


def test_after_a_refusal_the_next_client_has_another_connection(stand: Site) -> None:
    swaks(MAIL, "again@it.co.za", source=CLIENT)
    before = connections(stand)
    # Its message is taken, so that nothing is open: only that it was refused something stands.
    assert "gone" in swaks(MAIL, "gone@it.co.za,again@it.co.za", source=CLIENT).refused[-1]
    assert connections(stand) == before
    assert swaks(MAIL, "again@it.co.za", source=OTHER).code == 0
    assert connections(stand) == before + 1
    assert stand.mail_server.count("again@it.co.za") == 3


def test_many_clients_at_once(stand: Site) -> None:
    before = connections(stand)
    session = smtp_source(MAIL, "load@it.co.za", messages=200, sessions=10)
    assert session.code == 0, session.transcript
    assert stand.mail_server.count("load@it.co.za") == 200
    assert connections(stand) - before <= 20


def test_postfix_starts_anew_while_connections_wait(stand: Site) -> None:
    for stop in (stand.mail_server.stop, stand.mail_server.kill):
        before = stand.mail_server.count("anew@it.co.za")
        assert smtp_source(MAIL, "anew@it.co.za", messages=20, sessions=5).code == 0
        stop()
        stand.mail_server.start()
        for _ in range(6):
            assert swaks(MAIL, "anew@it.co.za", source=CLIENT).code == 0
        assert stand.mail_server.count("anew@it.co.za") == before + 26


def test_a_client_that_has_waited_is_served_by_a_new_postfix(stand: Site) -> None:
    """Its own connection has died between two messages."""
    with Dialogue(MAIL, source=CLIENT) as client:
        send(client, "between@it.co.za")
        stand.mail_server.kill()
        stand.mail_server.start()
        send(client, "between@it.co.za")
    assert stand.mail_server.count("between@it.co.za") == 2


# -- a Postfix that does not believe mxward ---------------------------------------------------


def change(stand: Site, authorised: str) -> None:
    """Another word on who may use XCLIENT."""
    server = stand.mail_server
    assert isinstance(server, Postfix)
    server.kill()
    server.xclient_port, server.port = None, 10026
    server.settings = f"smtpd_authorized_xclient_hosts = {authorised}\n"
    server.start()


def test_where_it_is_believed_once_each_client_has_a_connection(stand: Site) -> None:
    change(stand, BEHIND)  # whence mxward connects; so XCLIENT is refused to the next client
    for client in CLIENTS[:3]:
        assert swaks(MAIL, f"once-{client}@it.co.za", source=client).code == 0
        [mail] = stand.mail_server.mail(f"once-{client}@it.co.za")
        assert f"[{client}])" in str(mail.message["Received"])
    assert 'level=loud upstream=203.0.113.99:10026 why="XCLIENT is not offered again' in log(stand)


def test_who_cannot_be_told_brings_nothing(stand: Site) -> None:
    change(stand, "192.0.2.99")
    for client in CLIENTS[:3]:
        refused = swaks(MAIL, "told@it.co.za", source=client).refused
        assert [line[:9] for line in refused] == ["451 4.3.5"]
    assert stand.mail_server.count("told@it.co.za") == 0
    assert 'level=loud upstream=203.0.113.99:10026 why="XCLIENT is not offered to' in log(stand)


def log(stand: Site) -> str:
    stand.mxward.decisions()  # when all is written
    return stand.mxward.log
