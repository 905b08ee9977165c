"""The questions asked of a real Spark cluster: the same answers as DuckDB's, whatever happens to a
worker. Only in `make test-long`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mxward.model import Kind, Known, Question, Remembered
from mxward.store.database import Store
from tests.processes import wait_until_gone
from tests.reports.arrivals import WHEN, row, write
from tests.reports.spark_cluster import Cluster
from tools import spark_cache

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.skipif(spark_cache.why_not() is not None, reason=str(spark_cache.why_not())),
]

TOP = Path(__file__).parents[2]
OWN = "192.0.2.25"
CONFIGURATION = f"""\
[server]
listen = ["{OWN}:25"]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
addresses = ["{OWN}"]
[inventory]
files = ["domains"]
[scanners.clean]
mx = ["clean.example"]
egress = ["62.4.5.0/24"]
[[trust]]
network = "203.0.113.80"
senders = ["branch.example"]
owner = "anna"
note = "it's \\\\ the branch's"
expires = 2026-11-04T12:00:00Z
[[trust]]
name = "gw.partner.example"
owner = "ben"
note = "the partner's gateway"
[dns]
servers = ["127.0.0.1:1"]
[store]
path = "store.db"
"""
FRONTED = [f"d{n}.example" for n in range(20)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration, a store that remembers, and two tables of arrivals."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "mxward.toml").write_text(CONFIGURATION)
    (folder / "domains").write_text("\n".join([*FRONTED, "own.example"]) + "\n")
    remember(folder / "store.db")
    chance = random.Random(7)
    rows = [some_row(chance, n) for n in range(20_000)]
    write(folder / "one's", rows[::2])
    write(folder / "two", rows[1::2])
    return folder


def remember(path: Path) -> None:
    """Half of the domains have had another scanner until the fourth of the month."""
    store = Store.open(path)

    def found(at: float, *values: str) -> Remembered:
        state = Known.FOUND if values else Known.ABSENT
        return Remembered(state, values, "", at, at + 3600)

    begins, changes = (WHEN + timedelta(days=-9)).timestamp(), WHEN.timestamp() + 2 * 86400
    ends = (WHEN + timedelta(days=30)).timestamp()
    for at in (begins, changes, ends):
        before = at < changes
        for n, domain in enumerate(FRONTED):
            mx = "10 mx.elsewhere.example." if before and n % 2 else "10 mx1.clean.example."
            store.save({Question(Kind.MX, domain): found(at, mx)})
        store.save({Question(Kind.MX, "own.example"): found(at, "10 mail.own.example.")})
        for host, address in (
            ("mx1.clean.example", "198.51.100.7"),
            ("mx.elsewhere.example", "198.51.100.99"),
            ("mail.own.example", OWN),
        ):
            store.save({Question(Kind.A, host): found(at, address)})
            store.save({Question(Kind.AAAA, host): found(at)})
    store.close()


def some_row(chance: random.Random, number: int) -> dict[str, Any]:
    domain = chance.choice([*FRONTED, "own.example", "far.example"])
    client = chance.choice(
        [f"62.4.5.{chance.randrange(9)}", f"203.0.113.{chance.randrange(70, 99)}", "2001:db8::7"]
    )
    told: dict[str, Any] = {
        "arrived_at": WHEN + timedelta(seconds=7 * number),
        "message": f"m{number // 2}",
        "sender": chance.choice(["a@branch.example", "b@worm.example", "", None]),
        "helo": chance.choice(["gw.branch.example", FRONTED[0], 'it\'s \\ "odd"', None]),
        "name": chance.choice(["gw.partner.example", "", ""]),
        "tls": chance.choice(["", "TLS1.3", None]),
        "size": chance.choice([686_941, 1_000 + number, None]),
        "interface": chance.choice([OWN, None]),
        "interface_port": chance.choice([25, 587, None]),
    }
    if chance.random() < 0.1:
        told["authenticated"] = "anna"
    if chance.random() < 0.1:
        told["outcome"] = "rejected"
        told["copy"] = chance.random() < 0.5
    hidden = "a%x.example@d1.example"
    recipient = chance.choice([f"u{number % 5}@{domain}"] * 20 + [hidden, None])
    return row(chance.choice([client] * 20 + [None]), recipient, **told)


def asked(place: Path, *words: str, python: str | Path = sys.executable) -> dict[str, Any]:
    """What a command tells of both tables, as JSON, without what depends on who was asked."""
    done = subprocess.run(command(words, python), cwd=place, env=ENVIRONMENT, capture_output=True)
    return read(done.returncode, done.stdout, done.stderr)


def command(words: tuple[str, ...], python: str | Path) -> list[str]:
    form = ["--json"] if words[0] == "compare" else ["--format", "json"]
    return [str(python), "-m", "mxward", *words, *form, "--offline", "one's", "two"]


def read(code: int, said: bytes, errors: bytes) -> dict[str, Any]:
    assert (code, errors.decode()) == (0, "")
    told: dict[str, Any] = json.loads(said)
    told.pop("logs", None)
    return told


ENVIRONMENT = os.environ | {"PYTHONPATH": str(TOP / "src"), "MXWARD_CONFIG": "mxward.toml"}
PYTHON = spark_cache.CLIENT / "bin" / "python"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.mark.parametrize(
    "words",
    [
        ("report",),
        *(("report", "--what-if", stage) for stage in ("defer", "refuse", "reroute")),
        ("compare",),
    ],
    ids=" ".join,
)
def test_spark_says_what_duckdb_says(cluster: Cluster, place: Path, words: tuple[str, ...]) -> None:
    ours = asked(place, *words)
    assert asked(place, *words, "--cluster", cluster.url, python=PYTHON) == ours
    if words == ("report",):
        doors = {door: told["recipients"] for door, told in ours["doors"].items()}
        # unknown: nobody tells what the names of clients are, which an entry asks for
        assert set(doors) == {"front", "back", "open", "outside", "unknown"}
        assert min(doors.values()) > 100
        assert ours["front_doors"]["recipients"]["remembered_for_that_time"] > 10_000


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    cluster: Cluster, place: Path
) -> None:
    words = ("report", "--what-if", "refuse")
    ours = asked(place, *words)
    working = subprocess.Popen(
        command((*words, "--cluster", cluster.url), PYTHON),
        cwd=place,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 60
        while len(cluster.executors()) < 2:
            assert time.monotonic() < deadline, "both workers should be at work"
            time.sleep(0.05)
        time.sleep(4)
        assert working.poll() is None, "it was done before a worker could be killed"
        cluster.kill_a_worker()
        said, errors = working.communicate(timeout=300)
    finally:
        working.kill()
    assert read(working.returncode, said, errors) == ours


def test_nothing_is_left_running(place: Path, tmp_path: Path) -> None:
    with Cluster(tmp_path) as started:
        asked(place, "report", "--cluster", started.url, python=PYTHON)
        pids = [*started.workers, *started.executors()]
        assert len(pids) >= 3
    wait_until_gone(pids)


def told_of(place: Path, *words: str) -> tuple[int, str]:
    """How a command ends that goes wrong, and what it says of it."""
    done = subprocess.run(command(words, PYTHON), cwd=place, env=ENVIRONMENT, capture_output=True)
    assert done.stdout == b""
    return done.returncode, done.stderr.decode()


def test_a_cluster_that_is_not_there(place: Path) -> None:
    code, said = told_of(place, "report", "--cluster", "sc://127.0.0.1:1")
    assert (code, said.count("\n")) == (1, 1)
    assert "sc://127.0.0.1:1 does not answer" in said


def test_a_directory_that_is_not_there(cluster: Cluster, place: Path) -> None:
    words = [str(PYTHON), "-m", "mxward", "report", "--cluster", cluster.url, "--offline", "gone"]
    done = subprocess.run(words, cwd=place, env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "gone" in done.stderr
