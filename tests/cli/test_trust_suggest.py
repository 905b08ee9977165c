"""`mxward trust suggest`: whom it proposes, by what, and how a person approves."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import mxward
from mxward.store.database import Store
from tests.cli.place import Place

SECURE = " X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256"
NAMED = "H=out.partner.example [192.0.2.{}]"
CONFIGURED = ("--config", "stored.toml")


def line(number: int, day: int, host: str, recipients: str, *, tls: str = SECURE) -> str:
    return (
        f"2026-11-{day:02} 10:00:00 1PIc{number:02}-00040L-2X <= a@partner.example {host}:4000 "
        f"I=[192.0.2.25]:25 P=esmtp{tls} S={1000 + number} for {recipients}"
    )


def several_days(first: int, host: str, recipients: str) -> list[str]:
    return [line(first + day, 10 + day, host, recipients) for day in range(4)]


@pytest.fixture
def log(place: Place) -> Path:
    """Of a copier, two machines of a partner, somebody who says to be one, a worm, the printer."""
    path = place.folder / "mainlog"
    lines = [
        *several_days(10, "H=(copier) [192.0.2.8]", "x@example.org y@it.co.za"),
        *several_days(20, NAMED.format(21), "x@it.co.za"),
        *several_days(30, NAMED.format(22), "x@example.org"),
        *several_days(40, "H=(out.partner.example) [192.0.2.30]", "x@it.co.za"),
        line(50, 10, "H=(it.co.za) [192.0.2.90]", "x@it.co.za", tls=""),
        *several_days(60, "H=printer.it.co.za [192.0.2.7]", "x@it.co.za"),
        *several_days(70, "H=mx.clean.example [198.51.100.130]", "x@it.co.za"),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def commands(text: str) -> list[list[str]]:
    return [shlex.split(each) for each in text.splitlines() if each.startswith("mxward ")]


def options(words: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in zip(words[3::2], words[4::2], strict=True):
        found.setdefault(name, []).append(value)
    return found


def test_who_looks_honest_is_proposed_by_what_proves_who_it_is(place: Place, log: Path) -> None:
    told = place.run("trust", "suggest", *CONFIGURED, "--zone", "UTC", str(log))
    assert told.exit_code == 0, told.output
    found = [options(words) for words in commands(told.stdout)]
    named = {(*each.get("--network", ()), *each.get("--name", ())): each for each in found}
    assert {who: each["--for"] for who, each in named.items()} == {
        ("192.0.2.8",): ["example.org", "it.co.za"],
        ("out.partner.example",): ["example.org", "it.co.za"],
        ("192.0.2.30",): ["it.co.za"],  # its HELO proves nothing
    }
    for each in found:
        assert each["--owner"] == ["anna"]
        assert each["--expires"] == ["180d"]
        assert each["--config"] == ["stored.toml"]
        assert "recipients on 4 days until 2026-11-13" in each["--note"][0]


def test_what_is_proposed_can_be_typed_and_is_then_proposed_no_more(
    place: Place, log: Path
) -> None:
    words = ("trust", "suggest", *CONFIGURED, "--zone", "UTC", str(log))
    for command in commands(place.run(*words).stdout):
        assert place.run(*command[1:]).exit_code == 0
    again = place.run(*words)
    assert "Nobody looks honest who came by the back door and is not trusted." in again.stdout


def test_programs_get_all_of_it(place: Place, log: Path) -> None:
    told = place.run(
        *("trust", "suggest", "--json", *CONFIGURED, "--zone", "UTC"),
        *("--owner", "ben", "--expires", "2037-12-31", str(log)),
    )
    found = {each["name"] or each["network"]: each for each in json.loads(told.stdout)}
    assert set(found) == {"192.0.2.8/32", "out.partner.example", "192.0.2.30/32"}
    partner = found["out.partner.example"]
    assert partner["recipients"] == {"it.co.za": 4, "example.org": 4}
    assert [each["client"] for each in partner["clients"]] == ["192.0.2.21", "192.0.2.22"]
    assert {each["owner"] for each in found.values()} == {"ben"}
    assert found["192.0.2.8/32"]["clients"][0]["signs"][0] == {
        "weight": 2,
        "text": "seen on 4 days",
    }


def test_nobody_is_asked_where_nobody_sits(place: Place, log: Path) -> None:
    told = place.run("trust", "suggest", "--approve", *CONFIGURED, str(log))
    assert told.exit_code == 2
    assert "--approve asks on a terminal, and there is none" in told.stderr


def test_what_a_person_approves_is_added_in_that_persons_name(place: Place, log: Path) -> None:
    ours, theirs = pty.openpty()
    words = ("trust", "suggest", "--approve", "--by", "carla", *CONFIGURED, "--zone", "UTC")
    running = subprocess.Popen(
        [sys.executable, "-m", "mxward", *words, str(log)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(Path(mxward.__file__).parents[1])},
        text=True,
    )
    for answer in ("n", "what", "y", "q"):
        os.write(ours, f"{answer}\n".encode())
        time.sleep(0.1)
    told, _ = running.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert running.returncode == 0, told
    assert "1 of 3 are trusted now." in told
    with closing(Store.open(place.folder / "stored.db", read_only=True)) as store:
        (entry,) = store.trusted.entries()
    assert entry.added_by == "carla"
    assert entry.trust.owner == "carla"
    assert entry.trust.expires is not None
    assert 179 * 86_400 < entry.trust.expires - time.time() < 181 * 86_400


def test_a_stage_waits_for_honest_senders_that_only_a_log_knows(place: Place, log: Path) -> None:
    words = ("stage", "--set", "refuse", "--all", *CONFIGURED, "--zone", "UTC")
    held = place.run(*words, "--logs", str(log), "--json")
    assert held.exit_code == 1, held.output
    found = {each["domain"]: each["senders"] for each in json.loads(held.stdout)["held"]}
    assert {domain: {s["client"] for s in senders} for domain, senders in found.items()} == {
        "it.co.za": {"192.0.2.8", "192.0.2.21", "192.0.2.30"}
    }  # example.org is refused already
    cut = place.run(*words, "--logs", str(place.folder / "nowhere"))
    assert cut.exit_code == 1
    assert "nothing is set" in cut.stderr
