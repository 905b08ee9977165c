"""`mxward door`: what is remembered, and the operator's word."""

from __future__ import annotations

import json
import time

from mxward.frontdoor.egress import EgressHistory
from mxward.model import Kind, Known, Question, Remembered
from mxward.networks import network
from mxward.store.database import Store
from tests.cli.place import Place

HOUR = 3_600.0


def silence(place: Place) -> None:
    """The DNS goes away, and nobody waits long for it."""
    config = place.folder / "mxward.toml"
    config.write_text(config.read_text().replace("timeout = 2", "timeout = 0.2"))
    place.server.silent = True


def test_what_waits_is_accepted_for_good(place: Place) -> None:
    Store.open(place.store).close()
    assert "held      198.18.0.0/15\n" in place.shown("door", "wide.example")
    assert place.shown("door", "--accept", "wide.example") == (
        "wide.example\n"
        "in front  the scanner wide\n"
        "MX        10 mx.wide.example  198.51.100.200\n"
        "egress    198.18.0.0/15  198.51.100.192/26\n"
        "known     seen just now\n"
        "\n"
        "Accepted for the scanner wide:\n"
        "now in    198.18.0.0/15\n"
    )
    assert "held" not in place.shown("door", "wide.example")
    told = place.shown("explain", "--client", "198.18.3.4", "x@wide.example")
    assert "reason    egress: " in told


def test_nothing_is_accepted_unasked_or_twice(place: Place) -> None:
    Store.open(place.store).close()
    place.shown("door", "wide.example")
    assert Store.open(place.store).accepted() == {}
    assert place.shown("door", "--accept", "it.co.za").endswith("\nNothing waits for your word.\n")
    assert Store.open(place.store).accepted() == {}
    place.shown("door", "--accept", "wide.example", "it.co.za")
    assert list(Store.open(place.store).accepted()) == ["wide"]
    assert place.shown("door", "--accept", "wide.example").endswith(
        "\nNothing waits for your word.\n"
    )


def test_what_is_accepted_as_json(place: Place) -> None:
    Store.open(place.store).close()
    told = json.loads(place.shown("door", "--json", "--accept", "wide.example"))
    assert told["accepted"] == [{"scanner": "wide", "in": ["198.18.0.0/15"], "out": []}]
    assert told["doors"][0]["held"] == []


def test_what_is_leaving_is_shown_and_let_go(place: Place) -> None:
    since = time.time() - 80 * HOUR
    before = ("198.51.100.192/26", "203.0.113.64/28", "203.0.113.96/28", "203.0.113.128/28")
    named = tuple((network(net), since) for net in before)
    store = Store.open(place.store)
    store.save({}, {"wide": EgressHistory(("_spf.wide.example",), named)})
    store.accept("wide", since - HOUR)
    store.close()
    leaving = list(before[1:])
    told = json.loads(place.shown("door", "--json", "wide.example"))["doors"][0]
    assert (told["leaving"], told["held"]) == (leaving, ["198.18.0.0/15"])
    assert set(leaving) < set(told["egress"])  # welcome until the operator's word
    shown = place.shown("door", "wide.example")
    assert f"held      198.18.0.0/15\nleaving   {'  '.join(leaving)}\n" in shown
    accepted = place.shown("door", "--accept", "wide.example")
    assert f"now out   {'  '.join(leaving)}\n" in accepted
    assert "leaving" not in accepted


def test_no_store_is_made_by_whoever_types_this(place: Place) -> None:
    result = place.run("door", "--accept", "wide.example")
    assert result.exit_code == 1
    assert result.output == "mxward: store.db: there is no store yet; `mxward serve` makes it\n"
    assert not place.store.exists()


def test_a_damaged_store(place: Place) -> None:
    place.store.write_bytes(b"no store" * 1_000)
    result = place.run("door", "it.co.za")
    assert result.exit_code == 0
    lost = "nothing is remembered, nor what mxward trust and stage have set"
    assert result.stderr.startswith(f"mxward: {lost}: store.db: ")
    assert "missing   MX it.co.za" in result.stdout  # as the proxy sees it then: nothing is sure
    result = place.run("door", "--accept", "it.co.za")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1


def test_what_is_remembered_while_the_dns_is_away(place: Place) -> None:
    seen = time.time() - 5 * HOUR
    store = Store.open(place.store)
    found, absent = Known.FOUND, Known.ABSENT
    host = "mx1.scanner.example"
    former = (("198.51.100.77", seen),)
    store.save(
        {
            Question(Kind.MX, "it.co.za"): Remembered(found, (f"10 {host}",), "", seen, seen + 60),
            Question(Kind.A, host): Remembered(
                found, ("198.51.100.1",), "", seen, seen + 60, former
            ),
            Question(Kind.AAAA, host): Remembered(absent, (), "", seen, seen + 60),
        }
    )
    store.close()
    silence(place)
    assert place.shown("door", "it.co.za") == (
        "it.co.za\n"
        "in front  the scanner scanner\n"
        "MX        10 mx1.scanner.example  198.51.100.1\n"
        "former    198.51.100.77\n"
        "missing   TXT _spf.scanner.example\n"
        "known     remembered: seen 5 hours ago, and the DNS did not tell anew\n"
    )
    told = json.loads(place.shown("door", "--json", "it.co.za"))["doors"][0]
    assert told["source"] == "remembered"
    assert 5 * HOUR <= told["age"] < 5 * HOUR + 60


def test_a_name_server_that_is_not_there(place: Place) -> None:
    silence(place)
    result = place.run("door", "it.co.za")
    assert result.exit_code == 0
    assert "in front  could not be looked up, and nothing is remembered\n" in result.stdout
