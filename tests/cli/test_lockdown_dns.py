"""`mxward lockdown dns`: what it is given, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.place import Place

DROP = ("lockdown", "dns", "--drop")
MOVE = ("lockdown", "dns", "--move-to", "203.0.113.9")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("lockdown", "dns"), "say what to do"),
        ((*DROP, "--move-to", "203.0.113.9", "--zone", "it.co.za"), "say what to do"),
        (MOVE, "--zone ZONE go together"),
        ((*MOVE, "--zone", "it.co.za", "it.co.za"), "moves for all its domains"),
        ((*DROP, "--zone", "it.co.za"), "--zone ZONE go together"),
        ((*MOVE, "--zone", "no zone"), "--zone: 'no zone' is no domain name"),
        (("lockdown", "dns", "--point-to", "nowhere"), '"nowhere" is no address'),
        (("lockdown", "dns", "--point-to", "0.0.0.0"), "nothing can be reached"),
        (("lockdown", "dns", "--point-to", "fe80::1%eth0"), "nothing can be reached"),
        ((*DROP, "--primary", "ns1.it.co.za"), "--primary:"),
        ((*DROP, "--keep", "a b"), "--keep: 'a b' is no domain name"),
        ((*DROP, "--name-server", "a b"), "--name-server: 'a b' is no domain name"),
        ((*DROP, "--ttl", "0"), "--ttl"),
        ((*DROP, "--zone-file", "nothing"), "--zone-file"),
    ],
)
def test_wrong_usage(place: Place, words: tuple[str, ...], why: str) -> None:
    result = place.run(*words)
    assert result.exit_code == 2, result.output
    assert why in " ".join(result.output.replace("│", " ").split())
    assert not Path("lockdown-dns").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("mail A 192.0.2.25\n", "has no $ORIGIN"),
        ("$ORIGIN it.co.za.\n$INCLUDE other\n", "INCLUDE"),
        ("$ORIGIN it.co.za.\nmail 60 A 192.0.2.25\n", "no SOA record"),
        ("\xff", "not UTF-8"),
    ],
)
def test_a_zone_file_that_cannot_be_read(place: Place, text: str, why: str) -> None:
    Path("no zone").write_text(text, "latin-1")
    result = place.run(*DROP, "--zone-file", "no zone")
    assert (result.exit_code, why in result.output) == (1, True), result.output


def test_two_files_of_one_zone(place: Place) -> None:
    for name in ("a.zone", "b.zone"):
        Path(name).write_text("$ORIGIN it.co.za.\n@ 60 SOA ns. admin. 1 2 3 4 5\n")
    result = place.run(*DROP, "--zone-file", ".")
    assert (result.exit_code, "is the same zone" in result.output) == (1, True), result.output


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        ("", "no ledger"),
        ("[]\n", "no ledger"),
        ('{"version": 9, "way": "drop", "label": ""}\n', "version 9"),
        ('{"version": 1, "way": "move", "label": "x"}\n', "holds a plan to move"),
        ('{"version": 1, "way": "drop", "label": ""}\n["no zone",[]]\n', "is no"),
    ],
)
def test_a_ledger_that_is_none(place: Place, ledger: str, why: str) -> None:
    Path("lockdown-dns").mkdir()
    Path("lockdown-dns/mxward.json").write_text(ledger)
    result = place.run(*DROP)
    assert (result.exit_code, why in result.output) == (1, True), result.output
    assert [path.name for path in Path("lockdown-dns").iterdir()] == ["mxward.json"]


def test_domains_that_cannot_be_looked_at_are_named(place: Place) -> None:
    result = place.run(*DROP, "broken.example")
    assert result.exit_code == 3, result.output
    assert "broken.example: what stands in front cannot be looked up" in result.output
    assert "broken.example" in Path("lockdown-dns/PLAN.md").read_text()


def test_own_domains_are_named_and_left_alone(place: Place) -> None:
    result = place.run(*DROP, "own.example")
    assert result.exit_code == 0, result.output
    assert "own.example" in Path("lockdown-dns/PLAN.md").read_text()
    assert sorted(path.name for path in Path("lockdown-dns").iterdir()) == [
        "PLAN.md",
        "domains.jsonl",
        "mxward.json",
    ]
    assert place.run(*DROP, "--check", "own.example").exit_code == 0
    Path("lockdown-dns/PLAN.md").write_text("another\n")
    result = place.run(*DROP, "--diff", "own.example")
    assert (result.exit_code, "-another\n+# Guessable" in result.output) == (4, True)
    assert Path("lockdown-dns/PLAN.md").read_text() == "another\n"
