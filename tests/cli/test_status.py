"""`mxward status`: what is printed of what a proxy tells, and the exit codes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mxward import __version__
from mxward.cli import main
from mxward.intercept.report import Port, Report
from mxward.metrics.telling import listen, tell

NOW = 1_800_000_000.0
TOLD: dict[str, Any] = {
    "version": __version__,
    "pid": 4711,
    "started": NOW - 3 * 86_400,
    "well": True,
    "wrong": [],
    "sessions": 1037,
    "sessions_allowed": 4000,
    "workers": [
        {"worker": n, "pid": 4712 + n, "sessions": 518 + n, "resident_bytes": 7e7, "cpu_seconds": 9}
        for n in range(2)
    ],
    "workers_wanted": 2,
    "worker_restarts": 1,
    "domains": 4312,
    "front_doors": {"fresh": 318, "stale": 2, "failed": 0, "oldest_seconds": 2500},
    "answers_remembered": 14_211,
    "dns_questions": 90_000,
    "dns_failed": 12,
    "certificate_ends": None,
    "configuration": {"read": NOW - 7200, "refused": 0},
    "last_minute": {"pass": 1180, "defer": 2, "refuse": 30, "reroute": 0, "undecided": 0},
    "now": NOW,
}
SHOWN = f"""\
mxward    {__version__}, pid 4711, up for 3 days
read      the configuration in force: 2027-01-15 06:00:00 UTC, 2 hours ago
workers   2 of 2, started again 1 time
          0: pid 4712, 518 sessions, 67 MiB, 9.0 s of CPU
          1: pid 4713, 519 sessions, 67 MiB, 9.0 s of CPU
sessions  1,037 of 4,000
decisions in the last minute: 1,180 pass, 2 defer, 30 refuse, 0 reroute, 0 undecided
domains   4,312
doors     318 fresh, 2 stale, 0 failed, the oldest asked 41 minutes ago; 14,211 answers remembered
dns       12 of 90,000 questions failed since the start
          all is well
"""
CONFIG = """\
[server]
upstream = "127.0.0.1:10025"
identity = "proxy-v2"
[store]
path = "store.db"
"""
INTERCEPT = """\
[intercept]
layout = "gateway"
interfaces = ["eth0"]
servers = ["203.0.113.25"]
state = "state.json"
[tls]
hide_starttls = true
"""


class Running:
    """A proxy's socket beside a configuration; what it tells may be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = dict(TOLD)
        self.configure()
        self.end: Callable[[], None] = tell(listen(folder / "status.sock"), lambda: self.told)

    def configure(self, more: str = "") -> None:
        (self.folder / "mxward.toml").write_text(CONFIG + more)

    def status(self, *words: str) -> Result:
        return CliRunner().invoke(
            main, ["status", "--config", str(self.folder / "mxward.toml"), *words]
        )

    def look_at(self, *words: str) -> list[str]:
        """What should be looked at, and exit code 1; nothing, and 0."""
        done = self.status(*words, "--json")
        found = json.loads(done.stdout)
        assert done.exit_code == bool(found["wrong"]) == (not found["well"])
        return list(found["wrong"])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.end()


def test_for_people(running: Running) -> None:
    done = running.status()
    assert (done.stdout, done.stderr, done.exit_code) == (SHOWN, "", 0)
    assert done.stdout.isascii()


def test_what_should_be_looked_at(running: Running) -> None:
    running.told |= {"well": False, "wrong": ["worker 1 does not answer", "\x1b[31mred"]}
    running.told["configuration"] = {"read": NOW - 7200, "refused": NOW - 60}
    done = running.status()
    assert done.exit_code == 1
    assert "\n          a newer one was refused: 2027-01-15 07:59:00 UTC, 1 minute" in done.stdout
    assert done.stdout.endswith("\nlook at   worker 1 does not answer\nlook at   ?[31mred\n")


def test_for_programs(running: Running) -> None:
    done = running.status("--json")
    assert (json.loads(done.stdout), done.exit_code) == (TOLD, 0)


def test_one_that_has_just_been_started(running: Running) -> None:
    running.told |= {"workers": [], "workers_wanted": 0, "started": NOW}
    running.told |= {"configuration": {"read": 0, "refused": 0}}
    shown = running.status().stdout
    assert "up for 1 second\n" in shown
    assert "in force: not yet\n" in shown
    assert "workers   0, starting" in shown


def test_another_version(running: Running) -> None:
    running.told = {"version": "0.0", "well": True, "wrong": []}
    done = running.status()
    wrong = f"0.0 runs, and {__version__} is installed; SIGUSR2 goes over to it"
    assert json.loads(done.stdout) == {"version": "0.0", "well": False, "wrong": [wrong]}
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("port", "why", "shown", "wrong"),
    [
        (Port.INTERCEPTED, "", "intercepted, for 1 minute", []),
        (
            Port.OPEN,
            "it hangs",
            "open, for 1 minute (it hangs)",
            ["new connections are not intercepted: open (it hangs)"],
        ),
        (
            None,
            "",
            "nobody watches",
            ["`mxward intercept watch` does not run: `mxward intercept status` says what is so"],
        ),
    ],
)
def test_interception(
    port: Port | None, why: str, shown: str, wrong: list[str], running: Running
) -> None:
    running.configure(INTERCEPT)
    running.told["now"] = now = time.time()
    if port is not None:
        Report(port, now - 60, why, now + 3).write(running.folder / "state.json")
    assert f"\ndiverted  {shown}\n" in running.status().stdout
    assert running.look_at() == wrong
    seen = json.loads(running.status("--json").stdout)["interception"]
    assert (seen["watched"], seen.get("port")) == (port is not None, port)


def test_a_configuration_that_is_wrong_now(running: Running) -> None:
    running.configure("[nonsense]\n")
    [wrong] = running.look_at()
    assert wrong == f"{running.folder / 'mxward.toml'} is wrong now: `mxward check-config`"


@pytest.mark.parametrize("more", ["[nonsense]\n", "[nonsense\n", "[[server]]\n", '[x]\n"'])
def test_a_wrong_configuration_and_nobody_who_answers(more: str, tmp_path: Path) -> None:
    path = tmp_path / "mxward.toml"
    path.write_text(CONFIG + more)
    done = CliRunner().invoke(main, ["status", "--config", str(path)])
    assert (done.exit_code, done.stdout) == (78, "")
    assert done.stderr.startswith(f"mxward: {path}:")


def test_nobody_answers(tmp_path: Path) -> None:
    (tmp_path / "mxward.toml").write_text(CONFIG)
    done = CliRunner().invoke(main, ["status", "--config", str(tmp_path / "mxward.toml")])
    assert (done.exit_code, done.stdout) == (69, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"mxward: no mxward answers: {tmp_path}/status.sock: No such file or ")
