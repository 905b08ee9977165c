"""`mxward follow`, a process of its own, on logs that grow and turn round while it is killed."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC

import pytest

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Outcome
from mxward.maillog.stamps import Clock
from tests.cli.followed import Process, followed, read_up_to, state_of, wait_until
from tests.cli.place import Place
from tests.reports.follow.rotated import RotatedLog

SEED = (
    "2010-11-17 09:28:01 [15397] 1PIcQq-00040L-2X <= e-cards@hallmark.com H=(hallmark.com) "
    '[4.3.90.120]:61593 I=[19.3.40.91]:25 P=esmtp S=686941 T="You have received A Hallmark E-Card!"'
    " from  for shaun@it.co.za"
)
FRONT = SEED.replace("4.3.90.120", "198.51.100.130").replace("2X <=", "2Y <=")
OWN = SEED.replace("shaun@it.co.za", "a@own.example b@own.example").replace("2X <=", "2Z <=")
REJECTED = "2010-11-17 09:28:02 H=(x) [4.3.90.121] F=<a@b.c> rejected RCPT <a@it.co.za>: no"


def test_what_comes_by_the_back_door_is_told(place: Place) -> None:
    log = place.folder / "mainlog"
    log.write_text("\n".join((SEED, FRONT, OWN, REJECTED, "")))
    with followed(place.folder, "--from-start", "mainlog") as process:
        wait_until(read_up_to(place.folder, log), "the log is read")
        code, out, err = process.end()
    assert (code, len(err.splitlines())) == (0, 1), err
    assert err.startswith("mxward: nothing is remembered: store.db: ")
    assert out.splitlines()[0] == (
        "2010-11-17 09:28:01Z  back     4.3.90.120  <e-cards@hallmark.com> for <shaun@it.co.za>  "
        "reroute: the client is not of the front door, and nobody trusts it"
    )
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["door", "messages", "recipients"],
        ["front", "1", "1"],
        ["back", "1", "1"],
        ["open", "1", "2"],
        *map(str.split, ("by the back door, an enforced stage would: reroute 1",)),
        *map(str.split, ("attempts that the mail server turned away: 1",)),
        *map(str.split, (f"{log}: 4 lines, 0 not understood",)),
    ]


def test_every_arrival_for_programs(place: Place) -> None:
    log = place.folder / "mainlog"
    with followed(place.folder, "--all", "--json", "mainlog") as process:
        wait_until(lambda: "logs" in state_of(place.folder), "it has begun")
        log.write_text("\n".join((SEED, FRONT, OWN, "")))
        wait_until(read_up_to(place.folder, log), "the log is read")
        code, out, _ = process.end(signal.SIGTERM)
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(one["recipient"], one["door"], one["would"]) for one in told] == [
        ("shaun@it.co.za", "back", "reroute"),
        ("shaun@it.co.za", "front", "pass"),
        ("a@own.example", "open", "pass"),
        ("b@own.example", "open", "pass"),
    ]
    assert told[0]["message"] == "1PIcQq-00040L-2X"
    assert told[0]["log"] == str(log)
    assert told[0]["tls"] == ""


def test_what_was_there_before_is_passed_over_once_only(place: Place) -> None:
    log = place.folder / "mainlog"
    log.write_text(SEED + "\n" + FRONT[:50])
    with followed(place.folder, "--json", "--all", "mainlog") as process:
        wait_until(lambda: "logs" in state_of(place.folder), "it has begun")
        with log.open("a") as file:
            file.write(FRONT[50:] + "\n")
        wait_until(read_up_to(place.folder, log), "the log is read")
        first = process.end()[1]
    with log.open("a") as file:
        file.write(OWN + "\n")
    with followed(place.folder, "--json", "--all", "mainlog") as process:
        wait_until(read_up_to(place.folder, log), "the log is read")
        second = process.end()[1]
    doors = [[json.loads(line)["door"] for line in out.splitlines()] for out in (first, second)]
    assert doors == [["front"], ["open", "open"]]


def test_killed_again_and_again_while_the_log_turns_round(
    place: Place, count: Callable[[int, int], int]
) -> None:
    """Messages whose recipients are told later, some of them after a rotation and a kill."""
    chance = random.Random(5)
    log = RotatedLog(place.folder)
    log.path.touch()
    words = ("--all", "--json", "--from-start", "--offline", "--output", "told", "mainlog")
    waiting: list[int] = []
    for number in range(count(4, 60)):
        process = Process(place.folder, words)
        if number == 0:
            wait_until(lambda: "logs" in state_of(place.folder), "it has begun")
        begun = state_of(place.folder)
        for turn in range(12):
            for message in range(chance.randrange(1, 40)):
                id_ = number * 10_000 + turn * 100 + message
                waiting.append(id_)
                log.put(
                    _line(id_, f"<= s{id_}@example.com H=(x) [203.0.113.{id_ % 200}] P=smtp S=9")
                )
            chance.shuffle(waiting)
            for _ in range(chance.randrange(len(waiting) + 1)):
                id_ = waiting.pop()
                for name in "ab"[: 1 + id_ % 2]:
                    log.put(_line(id_, f"=> {name} <{name}{id_}@it.co.za> R=r T=t"))
                log.put(_line(id_, "Completed"))
            rotate = chance.randrange(3)
            if rotate == 0:
                log.rename(keep=1000)
            if rotate == 1:
                log.copy_and_truncate(keep=1000)
            if chance.randrange(2):
                log.compress(2)
            time.sleep(chance.choice([0.0, 0.02, 0.2]))
        if number % 3:
            wait_until(lambda: state_of(place.folder) != begun, "it has read something")  # noqa: B023
        process.kill()
    log.put(_line(0, "Completed"))
    with followed(place.folder, *words) as last:
        wait_until(read_up_to(place.folder, log.path), "the log is read")
        code, _, err = last.end()
    assert code == 0, err
    told = [json.loads(line) for line in (place.folder / "told").read_text().splitlines()]
    reader = EximReader(Clock(UTC, time.time()))
    written = [line + b"\n" for line in log.lines()]
    expected = [
        (one.message, one.client, one.sender, recipient)
        for one in reader.read(written)
        if one.outcome is Outcome.ACCEPTED
        for recipient in one.recipients
    ]
    assert len(expected) > 300
    assert [(o["message"], o["client"], o["sender"], o["recipient"]) for o in told] == expected


def _line(id_: int, rest: str) -> bytes:
    return f"2026-11-24 10:00:00 {id_:06}-000001-AB {rest}\n".encode()


def test_what_may_be_missing_is_told(place: Place) -> None:
    log = place.folder / "mainlog"
    log.write_text(f"{SEED}\n{FRONT}\n")
    with followed(place.folder, "--from-start", "--offline", "mainlog") as process:
        wait_until(read_up_to(place.folder, log), "the log is read")
        log.write_text(OWN + "\n")
        wait_until(read_up_to(place.folder, log), "the log is read again")
        _, _, err = process.end()
    assert f"mxward: {log}: was truncated, and no copy of it is here: lines may be missing" in err


def test_two_do_not_share_a_state(place: Place) -> None:
    with followed(place.folder, "mainlog") as process:
        wait_until((place.folder / "follow.json.lock").exists, "it runs")
        other = Process(place.folder, ("mainlog",))
        code, _, err = other.end(None)
        process.end()
    assert code == 1
    assert "follow.json: another mxward follow has it; give this one another by --state" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("unclean",), 2, "is a directory; name a log"),
        (("nowhere/mainlog",), 2, "its directory is not there; name a log"),
        (("--zone", "Nowhere", "mainlog"), 2, "'Nowhere' is no time zone"),
        (("--state", "/dev/null/x", "mainlog"), 1, "/dev/null/x: cannot be written"),
        (("--output", "nowhere/told", "mainlog"), 1, "nowhere/told: cannot be written"),
        (("--config", "wrong.toml", "mainlog"), 78, "wrong.toml"),
    ],
)
def test_mistakes(words: tuple[str, ...], code: int, said: str, place: Place) -> None:
    result = place.run("follow", *words)
    assert result.exit_code == code
    assert said in result.output


def test_a_damaged_state_is_told(place: Place) -> None:
    (place.folder / "follow.json").write_text('{"version": 1, "sha256": "", "kept": "{}"}')
    result = place.run("follow", "mainlog")
    assert result.exit_code == 1
    assert "follow.json: is damaged" in result.output
