"""Several workers: one dies and is missed by nobody, their limits are one, their log is whole."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, room, swaks
from tests.integration.site import CLIENT, MAIL, SCANNER, Site, site
from tests.processes import wait_until_gone

pytestmark = pytest.mark.real

WORKERS = 3
CROWD = [f"192.0.2.{number}" for number in range(10, 40)]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        for address in CROWD:
            room.own(address)
        start(made)
        yield made


def start(stand: Site, more: str = "", server: str = "") -> None:
    stand.start("proxy-v2", stage="refuse", server=f"workers = {WORKERS}\n{server}", more=more)
    wait(stand, lambda: "event=ready" in last_run(stand), "all workers are ready")


def last_run(stand: Site) -> str:
    """The log since mxward was started last."""
    return stand.mxward.log[stand.mxward.began :]


def wait(stand: Site, true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    stand.mail_server.wait_until(true, seconds, f"{what}\n{last_run(stand)}")


def told(stand: Site, event: str) -> list[dict[str, str]]:
    """The lines of one kind, each as a mapping."""
    lines = [x for x in last_run(stand).splitlines() if f" event={event}" in x]
    return [dict(word.split("=", 1) for word in shlex.split(line)) for line in lines]


def wait_until_refused() -> None:
    """Until nobody listens; who waits in the backlog at that moment is cut off by the kernel."""
    with pytest.raises(ConnectionRefusedError):
        for _ in range(200):
            with contextlib.suppress(ConnectionResetError):
                Dialogue(MAIL, source=SCANNER)
            time.sleep(0.01)


def test_there_are_as_many_as_are_wanted(stand: Site) -> None:
    start(stand)
    [ready] = told(stand, "ready")
    assert (ready["workers"], ready["listen"]) == ("3", f"{MAIL}:25")
    assert len(stand.mxward.workers) == WORKERS


def test_one_that_is_killed_takes_only_its_own_sessions_with_it(stand: Site) -> None:
    start(stand)
    before = stand.mxward.workers
    idle = {worker: sockets(worker) for worker in before}
    sessions: list[Dialogue] = []
    busy: list[int] = []
    while len(busy) < 2:  # the kernel shares them out as it likes
        assert len(sessions) < 200
        sessions.append(Dialogue(MAIL, source=SCANNER))
        busy = [worker for worker in before if sockets(worker) > idle[worker]]
    os.kill(busy[0], signal.SIGKILL)
    wait(stand, lambda: len(told(stand, "worker-died")) == 1, "the death is told")
    [died] = told(stand, "worker-died")
    assert (died["how"], died["level"], died["pid"]) == (
        "killed by SIGKILL",
        "loud",
        str(busy[0]),
    )
    answers = [hello(session) for session in sessions]
    assert set(answers) == {"250", ""}
    wait(stand, lambda: len(stand.mxward.workers) == WORKERS, "another takes its place")
    assert set(before) - {busy[0]} < set(stand.mxward.workers)
    assert swaks(MAIL, "after@it.co.za", source=SCANNER).code == 0


def sockets(process: int) -> int:
    """How many a process has open."""
    found = 0
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed in this moment
            found += str(link.readlink()).startswith("socket:")
    return found


def hello(session: Dialogue) -> str:
    """The code that EHLO is answered with; empty where the connection is gone."""
    try:
        with session:
            return session.say("EHLO client.example")[:3]
    except ConnectionError:
        return ""


def test_one_that_dies_again_and_again_is_given_more_and_more_time(stand: Site) -> None:
    start(stand)
    pauses = []
    for deaths in range(1, 5):
        wait(stand, lambda: len(stand.mxward.workers) == WORKERS, "all are there")
        os.kill(stand.mxward.workers[-1], signal.SIGKILL)
        begin = time.monotonic()
        wait(stand, lambda n=deaths: len(told(stand, "worker-died")) == n, "the death is told")  # type: ignore[misc]
        wait(stand, lambda: len(stand.mxward.workers) == WORKERS, "another takes its place")
        pauses.append(time.monotonic() - begin)
    assert pauses[3] > 0.8 > pauses[1]  # 0.1, 0.2, 0.4, 0.8


def test_they_stop_together_and_messages_under_way_may_end(stand: Site) -> None:
    start(stand)
    with Dialogue(MAIL, source=SCANNER) as idle, Dialogue(MAIL, source=SCANNER) as sending:
        idle.say("EHLO idle.example")
        sending.say("EHLO x.example", "MAIL FROM:<a@x.example>", "RCPT TO:<slow@it.co.za>", "DATA")
        workers = stand.mxward.workers
        stand.mxward.signal(signal.SIGTERM)
        assert idle.answer().startswith("421 4.3.2")
        wait_until_refused()
        assert sending.say("Subject: slow\r\n\r\nhello\r\n.").startswith("250")
    assert stand.mxward.stop() == 0
    wait_until_gone(workers)
    assert stand.mail_server.count("slow@it.co.za") == 1
    assert last_run(stand).rstrip().endswith("event=stopped")


def test_who_does_not_end_in_time_is_ended(stand: Site) -> None:
    start(stand, server="drain = 0.5")
    with Dialogue(MAIL, source=SCANNER) as sending:
        sending.say("EHLO x.example", "MAIL FROM:<a@x.example>", "RCPT TO:<never@it.co.za>", "DATA")
        begin = time.monotonic()
        assert stand.mxward.stop() == 0
        assert time.monotonic() - begin < 5
        assert sending.answer() == ""
    assert stand.mail_server.count("never@it.co.za") == 0


def test_they_end_when_the_supervisor_is_killed_and_let_messages_end(stand: Site) -> None:
    start(stand)
    with Dialogue(MAIL, source=SCANNER) as sending:
        sending.say("EHLO x.example", "MAIL FROM:<a@x.example>", "RCPT TO:<left@it.co.za>", "DATA")
        workers = stand.mxward.workers
        stand.mxward.signal(signal.SIGKILL)
        wait_until_refused()
        assert sending.say("Subject: left\r\n\r\nhello\r\n.").startswith("250")
    wait_until_gone(workers)
    assert stand.mail_server.count("left@it.co.za") == 1


# -- the limits are one -----------------------------------------------------------------------


def held(sources: list[str]) -> tuple[list[Dialogue], list[str]]:
    """Sessions that stay, and what the others were told instead of a greeting."""
    sessions = [Dialogue(MAIL, source=source) for source in sources]
    return sessions, [x.greeting for x in sessions if not x.greeting.startswith("220")]


@pytest.mark.parametrize(
    ("limits", "sources", "let_in"),
    [
        ("connections = 12", CROWD, 9),  # a quarter is reserved
        ("connections = 40\nper_network = 5", [CLIENT] * 20, 5),
        ("connections = 40\nper_network = 50", CROWD, 30),
    ],
)
def test_a_limit_holds_for_all_of_them_together(
    stand: Site, limits: str, sources: list[str], let_in: int
) -> None:
    start(stand, f"[limits]\n{limits}")
    sessions, refused = held(sources)
    assert len(sessions) - len(refused) == let_in
    assert {answer[:9] for answer in refused} <= {"421 4.3.2"}
    for session in sessions:
        session.__exit__(None, None, None)
    time.sleep(0.2)
    sessions, refused = held(sources)  # whoever leaves makes room
    assert len(sessions) - len(refused) == let_in
    for session in sessions:
        session.__exit__(None, None, None)


def test_the_sessions_of_one_that_died_count_no_more(stand: Site) -> None:
    start(stand, "[limits]\nconnections = 40\nper_network = 6")
    sessions, refused = held([CLIENT] * 8)
    assert len(refused) == 2
    for worker in stand.mxward.workers:
        os.kill(worker, signal.SIGKILL)
    wait(stand, lambda: len(told(stand, "worker-died")) == WORKERS, "the deaths are told")
    again, refused = held([CLIENT] * 8)
    assert len(refused) == 2
    for session in sessions + again:
        session.__exit__(None, None, None)


# -- the log ----------------------------------------------------------------------------------


def test_no_line_of_the_log_is_torn(stand: Site, count: Callable[[int, int], int]) -> None:
    start(stand)
    asked = 0
    for _ in range(count(20, 200)):
        sessions = [Dialogue(MAIL, source=source) for source in CROWD]
        for session in sessions:
            session.send("EHLO x.example\r\nMAIL FROM:<a@x.example>\r\n")
            session.send(f"RCPT TO:<{'long' * 15}@it.co.za>\r\n" * 3)
            asked += 3
        for session in sessions:
            for _ in range(5):
                session.answer()
            session.__exit__(None, None, None)
    wait(stand, lambda: len(told(stand, "decision")) >= asked, "it is all written")
    whole = re.compile(r"time=\S+ event=[a-z-]+( [a-z_]+=(\"(\\.|[^\"\\])*\"|[^\s\"]+))*")
    lines = last_run(stand).splitlines()
    assert [line for line in lines if not whole.fullmatch(line)] == []
    assert len(told(stand, "decision")) == asked
