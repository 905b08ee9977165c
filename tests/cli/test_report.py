"""`mxward report`: logs in, and who uses which door, as a person can count it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from mxward.store.database import Store
from tests.cli.place import Place
from tests.reports.arrivals import row, write

SEED = (
    "2010-11-17 09:28:01 [15397] 1PIcQq-00040L-2X <= e-cards@hallmark.com H=(hallmark.com) "
    "[4.3.90.120]:61593 I=[19.3.40.91]:25 P=esmtp S=686941 "
    'T="You have received A Hallmark E-Card!" from  for shaun@it.co.za\n'
)
MAINLOG = SEED + "".join(
    f"2010-11-{day} 10:00:0{n} 1PIc{n}q-00040L-{day} <= {sender} H={host}:2525 "
    f"I=[192.0.2.25]:25 P={protocol} S={size} from <{sender}> for {recipients}\n"
    for n, (day, sender, host, protocol, size, recipients) in enumerate(
        [
            # by the front door, for two domains of one scanner
            (17, "a@far.example", "x [198.51.100.1]", "esmtp", 1_000, "b@it.co.za c@example.org"),
            (18, "a@far.example", "(x) [198.51.101.200]", "esmtp", 1_000, "b@it.co.za"),
            # a branch office on three days
            *[
                (
                    day,
                    "d@branch.example",
                    "gw.b.example (gw.b.example) [203.0.114.9]",
                    "esmtps",
                    day,
                    "b@it.co.za",
                )
                for day in (17, 18, 19)
            ],
            # the printer, which is trusted by the name that the log tells
            (19, "e@it.co.za", "printer.it.co.za (p) [192.0.2.7]", "smtp", 5_000, "b@it.co.za"),
            # authenticated, for an own domain, and not for ours at all
            (19, "f@it.co.za", "y [203.0.114.50]", "esmtpsa A=plain:f", 700, "g@far.example"),
            (19, "a@far.example", "z [203.0.114.51]", "esmtp", 800, "h@own.example"),
            (19, "a@far.example", "z [203.0.114.51]", "esmtp", 900, "h@far.example"),
        ]
    )
)
STRANGE = "2010-11-19 11:00:00 1PIc9q-00040L-zz <= oops H=(x [4.3.90.120 P=esmtp\n"


@pytest.fixture
def logs(place: Place) -> Place:
    (place.folder / "mainlog").write_text(MAINLOG)
    (place.folder / "seed").write_text(SEED)
    return place


def told(place: Place, *words: str) -> dict[str, Any]:
    result = place.run("report", "--format", "json", "--zone", "UTC", *words)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_worm_of_2010(logs: Place) -> None:
    """What the seed of this project asks of it."""
    found = told(logs, "seed")
    assert found["doors"] == {"back": {"messages": 1, "recipients": 1}}
    (client,) = found["clients"]
    assert (client["client"], client["helos"]) == (
        "4.3.90.120",
        [{"name": "hallmark.com", "recipients": 1}],
    )
    assert (client["smallest"], client["largest"], client["honest"]) == (686_941, 686_941, False)
    assert client["first_at"] == "2010-11-17T09:28:01+00:00"
    assert (client["name"], client["with_tls"], client["without_tls"]) == (None, 0, 1)
    assert found["domains"] == [
        {"domain": "it.co.za", "recipients": 1, "messages": 1, "clients": 1}
    ]


def test_every_door_is_counted(logs: Place) -> None:
    found = told(logs, "mainlog")
    assert {door: row["recipients"] for door, row in found["doors"].items()} == {
        "front": 2,
        "back": 6,  # the worm's, a stranger's, three of the branch office, the printer's
        "open": 1,
        "outside": 2,
    }
    assert sum(row["messages"] for row in found["doors"].values()) == 10
    assert {day["day"] for day in found["by_day"]} == {"2010-11-17", "2010-11-18", "2010-11-19"}
    clients = {client["client"]: client for client in found["clients"]}
    assert {name for name, client in clients.items() if client["honest"]} == {
        "203.0.114.9",
        "192.0.2.7",
    }
    branch = clients["203.0.114.9"]
    assert (branch["days"], branch["with_tls"], branch["name"]) == (3, 3, "gw.b.example")
    assert (branch["smallest"], branch["largest"]) == (17, 19)
    assert clients["192.0.2.7"]["trusted"] == 1


@pytest.mark.parametrize(("stage", "stopped"), [("refuse", 5), ("defer", 5), ("reroute", 5)])
def test_a_what_if(logs: Place, stage: str, stopped: int) -> None:
    """All of the back door's, but not the printer's: it is trusted."""
    past = told(logs, "--what-if", stage, "mainlog")["what_if"]
    counts = {(o["action"], o["reason"]): o["recipients"] for o in past["outcomes"]}
    assert counts[stage, "back-door"] == stopped
    assert counts["pass", "trusted"] == 1
    assert (past["honest_recipients"], past["honest_messages"]) == (3, 3)
    assert [row["arrived_at"][8:10] for row in past["honest"]] == ["17", "18", "19"]
    assert {(row["log"], row["mx_failed"]) for row in past["honest"]} == {("mainlog", None)}


def test_the_operators_word_in_the_store_counts(logs: Place) -> None:
    Store.open(logs.store).close()
    logs.shown(
        "trust",
        "add",
        "--network",
        "4.3.90.120",
        "--owner",
        "anna",
        "--note",
        "n",
        "--expires",
        "2037-01-01",
    )
    past = told(logs, "--what-if", "refuse", "seed")["what_if"]
    assert [(o["action"], o["reason"]) for o in past["outcomes"]] == [("pass", "trusted")]


def test_a_table_is_read_like_logs(logs: Place, tmp_path: Path) -> None:
    whole = told(logs, "mainlog")
    logs.shown("ingest", "--zone", "UTC", "--to", "table", "mainlog")
    again = told(logs, "table")
    assert {**again, "logs": None, "remarks": None} == {**whole, "logs": None, "remarks": None}


def test_as_csv(logs: Place) -> None:
    text = logs.run("report", "--format", "csv", "--zone", "UTC", "mainlog").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["client"], row["likely"]) for row in rows][:1] == [("203.0.114.9", "honest")]
    words = ("report", "--format", "csv", "--what-if", "refuse", "--zone", "UTC", "mainlog")
    stopped = list(csv.DictReader(io.StringIO(logs.run(*words).stdout)))
    assert sum(int(row["recipients"]) for row in stopped) == 5


def test_csv_runs_nothing_in_a_spreadsheet(place: Place) -> None:
    formula = '=HYPERLINK("http://worm.example")'
    write(place.folder / "table", [row("4.3.90.120", helo=formula)])
    text = place.run("report", "--format", "csv", "table").stdout
    (client,) = csv.DictReader(io.StringIO(text))
    assert client["helo"] == f"'{formula}"


def test_as_html(logs: Place) -> None:
    text = logs.run("report", "--format", "html", "--zone", "UTC", "mainlog").stdout
    assert text.startswith("<!doctype html>")
    assert "6 of 10 messages" in text
    assert "<script" not in text


def test_on_the_screen_it_is_plain_text_and_calm(logs: Place) -> None:
    (logs.folder / "mainlog").write_text(MAINLOG + STRANGE)
    result = logs.run("report", "--what-if", "refuse", "--zone", "UTC", "mainlog")
    text = result.stdout
    assert result.exit_code == 0
    assert text.isascii()
    assert "\x1b" not in text
    for wanted in (
        r"Mail from 2010-11-17 09:28 to 2010-11-19 10:00:?\S* UTC",
        r"back +6 +6  by the back door",
        r"it\.co\.za +6 +6 +4",
        r"Clients of the back door, likely honest \(2\)",
        r"203\.0\.114\.9 +3 +3  2010-11-19 +1 +1  17 - 19 +yes +0 +0",
        r"HELO hallmark\.com; -1 seen on one day",
        r"refuse  back +back-door +5 +5 +3 +1",
        r"11 lines of 1 log were read, 1 of them not understood",
        r"mainlog: 1 line: ",
    ):
        assert re.search(wanted, text), (wanted, text)


def test_what_could_be_read_of_a_broken_log_is_told_and_the_exit_code_tells(logs: Place) -> None:
    packed = gzip.compress((MAINLOG * 50).encode())
    (logs.folder / "half.gz").write_bytes(packed[: len(packed) // 2])
    result = logs.run("report", "--format", "json", "--zone", "UTC", "half.gz", "gone", "seed")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["doors"]["back"]["recipients"] > 6
    assert "half.gz: ends in the middle of its gzip stream" in result.stderr
    assert "gone: no such file" in result.stderr
    assert "Traceback" not in result.output


def test_a_log_that_tells_of_nothing(logs: Place) -> None:
    (logs.folder / "empty").write_text("")
    result = logs.run("report", "empty")
    assert "These logs tell of no mail at all." in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--format", "xml", "seed"], 2, "'xml' is not one of"),
        (["--what-if", "observe", "seed"], 2, "'observe' is not one of"),
        (["--config", "wrong.toml", "seed"], 78, "wrong.toml"),
        ([], 2, "Missing argument 'LOG...'"),
        (["broken"], 1, "made.parquet"),
    ],
)
def test_mistakes(logs: Place, words: list[str], code: int, said: str) -> None:
    day = logs.folder / "broken" / "day=2010-11-17"
    day.mkdir(parents=True)
    (day / "made.parquet").write_bytes(b"PAR1 and nothing else")
    result = logs.run("report", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_dns_it_says_what_is_not_known(logs: Place) -> None:
    found = told(logs, "--offline", "seed")
    assert found["front_doors"]["recipients"]["not_known"] == 1
    assert found["doors"] == {"unknown": {"messages": 1, "recipients": 1}}
    assert any("run it without --offline" in remark for remark in found["remarks"])
