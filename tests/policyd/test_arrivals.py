"""What mail servers tell becomes an arrival: who is believed, and what is no question of doors."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mxward.policyd.arrivals import arrival
from mxward.policyd.questions import Asker, Malformed, Question

SERVER = ip_address("192.0.2.25")
POSTFIX = {
    "protocol_state": "RCPT",
    "client_address": "4.3.90.120",
    "client_name": "unknown",
    "helo_name": "hallmark.com",
    "sender": "e-cards@hallmark.com",
    "recipient": "shaun@it.co.za",
    "sasl_method": "",
    "sasl_username": "",
    "ccert_subject": "",
}


def asked(asker: Asker = Asker.POSTFIX, **changes: str) -> Question:
    return Question(asker, POSTFIX | changes)


def test_all_that_postfix_tells() -> None:
    found = arrival(asked(server_address="19.3.40.91"), SERVER)
    assert found is not None
    assert str(found.client) == "4.3.90.120"
    assert str(found.server) == "19.3.40.91"
    assert (found.helo, found.sender) == ("hallmark.com", "e-cards@hallmark.com")
    assert (found.recipient, found.authenticated) == ("shaun@it.co.za", None)
    assert found.certificates == ()


def test_where_clients_connect_to_if_it_is_not_told() -> None:
    found = arrival(asked(), SERVER)
    assert found is not None
    assert found.server == SERVER


def test_addresses_are_in_one_spelling() -> None:
    found = arrival(asked(client_address="::ffff:4.3.90.120"), SERVER)
    assert found is not None
    assert str(found.client) == "4.3.90.120"


@pytest.mark.parametrize("state", ["CONNECT", "EHLO", "MAIL", "DATA", "END-OF-MESSAGE", "VRFY", ""])
def test_only_a_recipient_is_decided_about(state: str) -> None:
    assert arrival(asked(protocol_state=state), SERVER) is None


def test_a_message_of_the_machine_itself_has_no_client() -> None:
    assert arrival(asked(Asker.EXIM, client_address="", protocol_state=""), SERVER) is None


@pytest.mark.parametrize("client", ["", "unknown", "4.3.90.1200", "it.co.za", "127.0.0.1; DROP"])
def test_postfix_always_has_a_client(client: str) -> None:
    with pytest.raises(Malformed):
        arrival(asked(client_address=client), SERVER)


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ({"sasl_username": "anna", "sasl_method": "PLAIN"}, "anna"),
        ({"sasl_method": "plain_server"}, "plain_server"),  # Exim, without server_set_id
        ({}, None),
    ],
)
def test_who_has_authenticated(told: dict[str, str], who: str | None) -> None:
    for asker in Asker:
        found = arrival(asked(asker, **told), SERVER)
        assert found is not None
        assert found.authenticated == who


@pytest.mark.parametrize(
    ("asker", "told", "names"),
    [
        (Asker.POSTFIX, {"ccert_subject": "Relay.Partner.example"}, ("relay.partner.example",)),
        (Asker.POSTFIX, {"ccert_subject": "relay+2Epartner+2Eexample"}, ("relay.partner.example",)),
        (Asker.POSTFIX, {"ccert_subject": "Anna Example"}, ()),
        (Asker.POSTFIX, {"ccert_names": "a.example", "ccert_verified": "1"}, ()),
        (Asker.EXIM, {"ccert_names": "a.example|b.example", "ccert_verified": "1"},
         ("a.example", "b.example")),
        (Asker.EXIM, {"ccert_names": "a.example||b.example|c.example", "ccert_verified": "1"},
         ("c.example",)),
        (Asker.EXIM, {"ccert_names": "a.example", "ccert_verified": "0"}, ()),
        (Asker.EXIM, {"ccert_names": "a.example"}, ()),
        (Asker.EXIM, {"ccert_names": "", "ccert_verified": "1"}, ()),
        (Asker.EXIM, {"ccert_subject": "a.example"}, ()),
    ],
)  # fmt: skip
def test_names_of_a_verified_certificate(
    asker: Asker, told: dict[str, str], names: tuple[str, ...]
) -> None:
    found = arrival(asked(asker, **told), SERVER)
    assert found is not None
    assert found.certificates == names
