"""`mxward status`, beside a proxy before a real Postfix."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.mxward import Mxward
from tests.integration.servers import Postfix, room, swaks
from tests.integration.site import CLIENT, MAIL, SCANNER, THROUGH, Site, site

pytestmark = pytest.mark.real

SOCKET = "/tmp/mxward-status-test.sock"  # noqa: S108 - a path of a test is too long for a socket
SERVER = f'workers = 2\nstatus = "{SOCKET}"'


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        yield made
    Path(SOCKET).unlink(missing_ok=True)


@pytest.fixture
def served(stand: Site) -> Site:
    stand.start("proxy-v2", stage="refuse", server=SERVER)
    wait(lambda: told(stand)["well"] is True, "it is well")
    return stand


def asked(stand: Site, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mxward", "status", "--config", str(stand.mxward.path)]
    environment = os.environ | {"PYTHONPATH": "src"}
    return subprocess.run([*command, *words], capture_output=True, text=True, env=environment)


def told(stand: Site) -> dict[str, Any]:
    done = asked(stand, "--json")
    found: dict[str, Any] = json.loads(done.stdout or '{"well": null}')
    assert done.returncode == {True: 0, False: 1, None: 69}[found["well"]], done.stderr
    return found


def wait(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def test_at_a_glance(served: Site) -> None:
    for source in (SCANNER, CLIENT, CLIENT):
        swaks(MAIL, f"x@{THROUGH}", source=source)
    counted = {"pass": 1, "defer": 0, "refuse": 2, "reroute": 0, "undecided": 0}
    with Dialogue(MAIL, source=SCANNER):
        wait(lambda: told(served)["last_minute"] == counted, "the decisions are counted")
        wait(lambda: told(served)["sessions"] == 1, "there is one session")
    wait(lambda: told(served)["front_doors"]["fresh"] == 1, "the door is known")
    found = told(served)
    assert [worker["worker"] for worker in found["workers"]] == [0, 1]
    assert {worker["pid"] for worker in found["workers"]} == set(served.mxward.workers)
    assert (found["pid"], found["domains"]) == (served.mxward.pid, 1)
    shown = asked(served).stdout
    assert shown.isascii()
    assert (
        "decisions in the last minute: 1 pass, 0 defer, 2 refuse, 0 reroute, 0 undecided" in shown
    )
    assert "doors     1 fresh, 0 stale, 0 failed" in shown
    assert shown.endswith("all is well\n")


def test_a_reload_that_is_refused_is_told(served: Site) -> None:
    served.mxward.path.write_text(served.mxward.path.read_text() + "\n[nonsense]\n")
    served.mxward.signal(signal.SIGHUP)
    wait(lambda: "event=reload-refused" in served.mxward.log, "it is refused")
    done = asked(served)  # although the file is wrong, it says how the one in force does
    assert (done.returncode, done.stderr) == (1, "")
    assert "mxward.toml is wrong now" in done.stdout
    served.mxward.write()
    wait(lambda: "a newer one was refused" in asked(served).stdout, "it is told")
    assert told(served)["wrong"] == [
        "a newer configuration was refused; `mxward check-config` says why, or the log"
    ]
    served.mxward.signal(signal.SIGHUP)
    wait(lambda: "refused" not in asked(served).stdout.partition("read")[2], "it is over")


def test_a_worker_that_does_not_answer(served: Site) -> None:
    victim = served.mxward.workers[0]
    os.kill(victim, signal.SIGSTOP)
    try:
        wait(lambda: told(served)["wrong"] != [], "it is missed")
        done = asked(served)
        assert (done.returncode, "does not answer" in done.stdout) == (1, True)
    finally:
        os.kill(victim, signal.SIGCONT)
    wait(lambda: told(served)["well"] is True, "all is well again", 40)


def test_what_a_dead_worker_decided_is_told_and_that_it_was_started_again(served: Site) -> None:
    swaks(MAIL, f"x@{THROUGH}", source=CLIENT)
    wait(lambda: told(served)["last_minute"]["refuse"] == 1, "the decision is counted")
    for worker in served.mxward.workers:
        os.kill(worker, signal.SIGKILL)
    wait(lambda: told(served)["worker_restarts"] == 2, "they are back")
    wait(lambda: told(served)["well"] is True, "and well")
    assert told(served)["last_minute"]["refuse"] == 1


def test_a_stop(served: Site) -> None:
    with Dialogue(MAIL, source=SCANNER) as sending:
        sending.say("EHLO x.example", "MAIL FROM:<a@x.example>", f"RCPT TO:<x@{THROUGH}>", "DATA")
        served.mxward.signal(signal.SIGTERM)
        wait(lambda: "look at   it is stopping" in asked(served).stdout, "it stops")
        assert sending.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")
    wait(lambda: told(served)["well"] is None, "it has stopped")


def test_an_upgrade_takes_the_place(served: Site) -> None:
    with Dialogue(MAIL, source=SCANNER) as session:
        workers = set(served.mxward.workers)
        started = told(served)["started"]
        served.mxward.signal(signal.SIGUSR2)
        wait(lambda: (told(served).get("started") or 0) > started, "the new program tells")
        wait(lambda: len(told(served)["workers"]) == 2, "its workers are there")
        assert not workers & {worker["pid"] for worker in told(served)["workers"]}
        assert session.say("QUIT").startswith("221")


def test_two_do_not_take_each_others(served: Site, tmp_path: Path) -> None:
    room.own("203.0.113.26")
    text = served.mxward.configuration.replace(
        f'listen = ["{MAIL}:25"]', 'listen = ["203.0.113.26:25"]'
    )
    second = Mxward(served.mxward.directory, "203.0.113.26", text.replace("store.db", "other.db"))
    with second:
        warned = f"server.status: {SOCKET}: another process listens there (pid {served.mxward.pid})"
        wait(lambda: warned in second.log, "the second says so")
        second.signal(signal.SIGUSR2)
        wait(lambda: second.log.count(warned) == 2, "so does the program it goes over to")
        assert told(served)["pid"] == served.mxward.pid


def test_nobody_answers(stand: Site) -> None:
    stand.start("proxy-v2", server=SERVER)
    stand.mxward.kill()
    done = asked(stand)
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith(f"mxward: no mxward answers: {SOCKET}: Connection refused; is ")
    assert done.stderr.count("\n") == 1
    stand.start("proxy-v2", server=SERVER)  # and the file that was left is no obstacle
    wait(lambda: told(stand)["well"] is True, "it is well")
