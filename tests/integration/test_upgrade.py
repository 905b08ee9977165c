"""An upgrade in place, and a reload, while 200 clients a second come: none of them notices.

Every client must be greeted and told what it would be told at any other time. None may be refused a
connection, cut off, or left without an answer.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.caller import Caller
from tests.integration.dialogue import Dialogue
from tests.integration.mxward import Mxward
from tests.integration.servers import Postfix
from tests.integration.site import CLIENT, MAIL, OTHER, SCANNER, THROUGH, Site, site
from tests.processes import wait_until_gone

pytestmark = pytest.mark.real

RATE = 200  # clients a second
LONGEST = 120  # seconds in which they come
LISTEN = f'listen = ["{MAIL}:25"]'
# Whoever starts mxward as systemd does: with the socket at descriptor 3, and its own pid told.
ACTIVATE = """\
import os, socket, sys
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.execv(sys.executable, [sys.executable, "-m", "mxward", "serve", "--config", sys.argv[2]])
"""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        yield made


@pytest.fixture
def served(stand: Site) -> Site:
    stand.start(
        "proxy-v2", stage="refuse", server="workers = 2", more="[limits]\nper_network = 1000"
    )
    wait(stand.mxward, lambda: "event=ready" in last_run(stand.mxward), "all workers are ready")
    return stand


def last_run(mxward: Mxward) -> str:
    return mxward.log[mxward.began :]


def wait(mxward: Mxward, true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what}\n{last_run(mxward)}"
        time.sleep(0.05)


async def visit(source: str) -> str:
    """One client at the back door: what it is told, or what befell it."""
    try:
        async with asyncio.timeout(20):
            client = await Caller.call(MAIL, source)
            greeting = await client.answer()
            if not greeting.startswith("220"):
                return f"greeted: {greeting}"
            for line in ("EHLO client.example", "MAIL FROM:<a@client.example>"):
                answer = await client.say(line)
                if not answer.startswith("250"):
                    return f"{line}: {answer}"
            verdict = await client.say(f"RCPT TO:<x@{THROUGH}>")
            await client.say("QUIT")
            client.close()
            return verdict[:9]
    except (OSError, TimeoutError) as why:
        return type(why).__name__


async def come(seconds: float, enough: asyncio.Event) -> Counter[str]:
    """Clients, at a steady rate whatever becomes of them, and until it is enough."""
    begin = time.monotonic()
    visits = []
    for number in range(int(RATE * LONGEST)):
        if number >= RATE * seconds and enough.is_set():
            break
        await asyncio.sleep(begin + number / RATE - time.monotonic())
        visits.append(asyncio.create_task(visit((CLIENT, OTHER)[number % 2])))
    return Counter(await asyncio.gather(*visits))


def while_they_come(
    seconds: float, disturb: Callable[[], None], every: float, at_least: int = 0
) -> Counter[str]:
    """What all of them were told, while something is done to mxward again and again."""

    async def main() -> Counter[str]:
        enough, times = asyncio.Event(), 0
        coming = asyncio.create_task(come(seconds, enough))
        while not coming.done():
            if times >= at_least:
                enough.set()
            await asyncio.wait((coming,), timeout=every)
            if not coming.done():
                await asyncio.to_thread(disturb)
                times += 1
        return await coming

    return asyncio.run(main())


def test_upgrades_lose_nobody(served: Site, count: Callable[[int, int], int]) -> None:
    mxward, upgrades = served.mxward, 0

    def upgrade() -> None:
        nonlocal upgrades
        upgrades += 1
        mxward.signal(signal.SIGUSR2)
        wait(mxward, lambda: last_run(mxward).count("event=ready") > upgrades, "it goes on", 60)

    seconds = count(8, 60)
    told = while_they_come(seconds, upgrade, 1.0, at_least=2)
    assert told == {"550-5.7.1": told.total()}
    assert told.total() >= RATE * seconds
    assert upgrades >= 2
    assert last_run(mxward).count("event=upgrade") == upgrades


def test_reloads_lose_nobody(served: Site, count: Callable[[int, int], int]) -> None:
    mxward, seconds = served.mxward, count(5, 60)
    told = while_they_come(seconds, lambda: mxward.signal(signal.SIGHUP), 1.0, at_least=2)
    assert told == {"550-5.7.1": told.total()}
    assert told.total() >= RATE * seconds
    assert last_run(mxward).count("event=reload ") >= 2


def test_a_program_that_cannot_go_on_leaves_the_old_one_serving(served: Site) -> None:
    mxward = served.mxward
    right = mxward.path.read_text()
    mxward.path.write_text(right.replace('stage = "refuse"', 'stage = "refuze"'))
    before = mxward.workers
    mxward.signal(signal.SIGUSR2)
    wait(mxward, lambda: "event=upgrade-refused" in last_run(mxward), "it is told")
    [line] = [x for x in last_run(mxward).splitlines() if "event=upgrade-refused" in x]
    assert "level=loud" in line
    assert mxward.workers == before
    assert while_they_come(0.5, lambda: None, 1.0) == {"550-5.7.1": RATE / 2}
    mxward.path.write_text(right)
    mxward.signal(signal.SIGUSR2)
    wait(mxward, lambda: last_run(mxward).count("event=ready") == 2, "and once mended it goes on")


def test_sessions_of_the_old_program_end_by_themselves(served: Site) -> None:
    mxward = served.mxward
    with Dialogue(MAIL, source=SCANNER) as session:
        session.say(
            "EHLO x.example", "MAIL FROM:<a@x.example>", f"RCPT TO:<kept@{THROUGH}>", "DATA"
        )
        old = mxward.workers
        for times in (2, 3):
            mxward.signal(signal.SIGUSR2)
            wait(mxward, lambda: last_run(mxward).count("event=ready") == times, "it goes on")  # noqa: B023
        assert session.say("Subject: x\r\n\r\nhello\r\n.").startswith("250")
        assert session.say("QUIT").startswith("221")
    wait_until_gone(old)
    assert served.mail_server.count(f"kept@{THROUGH}") == 1
    assert mxward.stop() == 0


def test_who_waits_at_systemds_socket_is_served_by_the_next(stand: Site) -> None:
    stand.mxward.kill()
    stand.configure("proxy-v2", stage="refuse", server="workers = 2")
    stand.mxward.write()
    with socket.create_server((MAIL, 25)) as given:
        given.set_inheritable(True)
        command = [sys.executable, "-c", ACTIVATE, str(given.fileno()), str(stand.mxward.path)]
        for _ in range(2):
            with start(command, given.fileno(), stand.mxward.directory) as running:
                assert asyncio.run(visit(CLIENT)) == "550-5.7.1"
                running.terminate()
                assert running.wait(30) == 0
            connection = socket.create_connection((MAIL, 25), source_address=(CLIENT, 0))
            with start(command, given.fileno(), stand.mxward.directory) as running, connection:
                connection.settimeout(20)
                assert connection.recv(4) == b"220 "
                running.terminate()
                assert running.wait(30) == 0


@contextmanager
def start(command: list[str], descriptor: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("ab") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, pass_fds=(descriptor,))
    try:
        yield running
    finally:
        running.kill()
        running.wait()
