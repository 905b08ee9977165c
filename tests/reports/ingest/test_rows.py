"""What is logged becomes rows: one for each recipient, with keys that the questions ask by."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mxward.maillog.logged import Logged, Outcome
from mxward.networks import address as normal
from mxward.reports.ingest.rows import address_key, recipient_key, rows, sender_domain
from mxward.reports.schema import SCHEMA

LOGGED = Logged(
    at=1289986081.25,
    outcome=Outcome.ACCEPTED,
    program="exim",
    host=None,
    message="1PIcQq-00040L-2X",
    client="4.3.90.120",
    client_port=61593,
    interface="19.3.40.91",
    interface_port=25,
    name=None,
    helo="hallmark.com",
    protocol="esmtp",
    tls="",
    certificate=None,
    certified=None,
    authenticated="",
    sender="e-cards@Hallmark.com",
    recipients=("shaun@it.co.za",),
    size=686941,
    subject="You have received A Hallmark E-Card!",
    why=None,
    mx_failed=None,
    line=1,
)


def test_the_first_arrival() -> None:
    assert rows([LOGGED], "mainlog", False).to_pylist() == [
        {
            "arrived_at": datetime(2010, 11, 17, 9, 28, 1, 250_000, tzinfo=UTC),
            "day": "2010-11-17",
            "outcome": "accepted",
            "program": "exim",
            "copy": False,
            "host": None,
            "message": "1PIcQq-00040L-2X",
            "client": "4.3.90.120",
            "client_key": "00000000000000000000ffff04035a78",
            "client_port": 61593,
            "interface": "19.3.40.91",
            "interface_key": "00000000000000000000ffff1303285b",
            "interface_port": 25,
            "name": None,
            "helo": "hallmark.com",
            "protocol": "esmtp",
            "tls": "",
            "certificate": None,
            "certified": None,
            "authenticated": "",
            "sender": "e-cards@Hallmark.com",
            "sender_domain": "hallmark.com",
            "recipient": "shaun@it.co.za",
            "recipient_key": "it.co.za",
            "size": 686941,
            "why": None,
            "mx_failed": None,
            "log": "mainlog",
            "line": 1,
        }
    ]


@given(
    recipients=st.lists(st.lists(st.sampled_from("abc"), max_size=3).map(tuple), max_size=6),
    cut=st.integers(0, 6),
)
def test_a_row_for_each_recipient_however_they_are_batched(
    recipients: list[tuple[str, ...]], cut: int
) -> None:
    logged = [LOGGED._replace(recipients=each, line=n) for n, each in enumerate(recipients)]
    whole = rows(logged, "l", True)
    assert whole.schema == SCHEMA
    expected = [(n, r) for n, each in enumerate(recipients) for r in each or (None,)]
    assert [(row["line"], row["recipient"]) for row in whole.to_pylist()] == expected
    parts = [rows(logged[:cut], "l", True), rows(logged[cut:], "l", True)]
    assert pa.Table.from_batches(parts).equals(pa.Table.from_batches([whole]))


@pytest.mark.parametrize(
    ("recipient", "key"),
    [
        ("Shaun@IT.co.za", "it.co.za"),
        ("shaun@it.co.za.", "it.co.za"),
        ("x@bücher.example", "x@bücher.example"),  # older rules may read it otherwise
        ("x@xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a%b@it.co.za", "a%b@it.co.za"),
        ("x@[192.0.2.1]", "x@[192.0.2.1]"),
        ("x@localhost", "x@localhost"),
        ("postmaster", "postmaster"),
        ("x\\xff@it.co.za", "it.co.za"),
        ("x@it\\xff.co.za", "x@it\\xff.co.za"),
        (None, None),
    ],
)
def test_a_recipient_stands_for_its_domain_where_it_shows_one(
    recipient: str | None, key: str | None
) -> None:
    assert recipient_key(recipient) == key


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("a@B.Example", "b.example"), ("", ""), ("a@[192.0.2.1]", ""), ("a", ""), (None, None)],
)
def test_the_domain_of_a_sender(sender: str | None, domain: str | None) -> None:
    assert sender_domain(sender) == domain


@given(
    address=st.ip_addresses(),
    prefix=st.integers(0, 32),
    other=st.none() | st.ip_addresses(v=4),
)
def test_a_network_is_between_two_keys(address: object, prefix: int, other: object | None) -> None:
    network = ip_network(f"{other or address}/{prefix}", strict=False)
    first, last = (address_key(str(network[n])) for n in (0, -1))
    key = address_key(str(address))
    assert key is not None and first is not None and last is not None
    assert len(key) == 32
    own = normal(str(address))
    assume(own.version == network.version)  # ::/0 has all of IPv4 in it
    assert (first <= key <= last) is (own in network)


def test_messages_of_two_hosts_are_two() -> None:
    ids = [
        row["message"] for row in _told(LOGGED._replace(host="mx1"), LOGGED._replace(host="mx2"))
    ]
    assert ids == ["mx1/1PIcQq-00040L-2X", "mx2/1PIcQq-00040L-2X"]


def test_a_short_queue_id_that_comes_again_is_another_message() -> None:
    first = LOGGED._replace(program="postfix", host="mx", message="3F2A91C04D")
    again = first._replace(at=first.at + 900, recipients=("a@b.example", "c@b.example"))
    long = first._replace(message="4Yq1Jz3xWkz9rxx")
    ids = [row["message"] for row in _told(first, again, long)]
    assert ids == [
        "mx/3F2A91C04D/1289986081",
        *["mx/3F2A91C04D/1289986981"] * 2,
        "mx/4Yq1Jz3xWkz9rxx",
    ]


def _told(*logged: Logged) -> list[dict[str, object]]:
    told: list[dict[str, object]] = rows(logged, "log", False).to_pylist()
    return told
