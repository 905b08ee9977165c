"""What `mxward serve` counts, as Prometheus and a monitor see it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection

import pytest

from tests.integration.dialogue import Dialogue
from tests.integration.servers import Postfix, swaks
from tests.integration.site import CLIENT, MAIL, SCANNER, Site, site

pytestmark = pytest.mark.real

METRICS = '[metrics]\nlisten = "127.0.0.1:9625"\n'
WORKERS = 2


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        yield made


def start(stand: Site, server: str = "") -> None:
    stand.start("proxy-v2", stage="refuse", server=f"workers = {WORKERS}\n{server}", more=METRICS)
    wait(lambda: get("/health")[0] == 200, "it is well")
    wait(lambda: numbers()["connections_total"] == 1, "that it listens has been tried")


def get(path: str) -> tuple[int, str]:
    """What is answered, and the text; nothing where nobody answers."""
    connection = HTTPConnection("127.0.0.1", 9625, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def numbers() -> dict[str, float]:
    status, text = get("/metrics")
    assert status == 200
    return read(status, text)


def read(status: int, text: str) -> dict[str, float]:
    """Nothing where nobody has answered: who waits when a listener closes is cut off."""
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name.removeprefix("mxward_"): float(value) for name, value in lines}


def wait(true: Callable[[], bool], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def grown(before: dict[str, float], *names: str) -> list[float]:
    after = numbers()
    return [after[name] - before[name] for name in names]


FRONT = 'decisions_total{action="pass",reason="egress"}'
BACK = 'decisions_total{action="refuse",reason="back-door"}'
TAKEN = 'messages_total{to="mail-server",verdict="accepted"}'
MADE = 'upstream_connections_total{how="made",to="mail-server"}'
WAITED = 'upstream_verdict_seconds_count{to="mail-server"}'
STOOD = 'upstream_connect_seconds_count{to="mail-server"}'


def test_what_is_counted_is_summed_over_the_workers(stand: Site) -> None:
    start(stand)
    before = numbers()
    for _ in range(4):
        assert swaks(MAIL, "shaun@it.co.za", source=SCANNER).code == 0
        assert swaks(MAIL, "shaun@it.co.za", source=CLIENT).code != 0
    counted = (FRONT, BACK, TAKEN, "connections_total")
    wait(lambda: grown(before, *counted) == [4, 4, 4, 8], "all is counted")
    after = numbers()
    assert grown(before, MADE, STOOD, WAITED) == [4, 4, 4]
    assert after['message_bytes_total{to="mail-server"}'] > 400
    assert after['dns_questions_total{state="found",type="MX"}'] >= 1
    assert after["workers"] == after["workers_beating"] == WORKERS
    assert after["connections_allowed"] == 4000
    assert after["healthy"] == 1
    assert min(after[f'worker_resident_bytes{{worker="{n}"}}'] for n in range(WORKERS)) > 1e7
    assert time.time() - after["configuration_timestamp_seconds"] < 60
    wait(lambda: numbers()['front_doors{state="fresh"}'] >= 1, "the door is in use")
    assert numbers()["inventory_domains"] >= 1


def test_who_is_connected_and_who_is_turned_away(stand: Site) -> None:
    start(stand)
    with Dialogue(MAIL, source=CLIENT), Dialogue(MAIL, source=CLIENT):
        wait(lambda: numbers()["connections_open"] == 2, "two are there")
    wait(lambda: numbers()["connections_open"] == 0, "nobody is there")
    before = numbers()
    with Dialogue(MAIL, source=CLIENT) as session:
        session.say("EHLO x.example", *["NONSENSE"] * 51)
    wait(lambda: grown(before, 'limits_total{limit="errors"}') == [1], "a limit was met")


def test_a_worker_that_dies_takes_no_number_with_it(stand: Site) -> None:
    start(stand)
    before = numbers()
    for _ in range(4):
        swaks(MAIL, "shaun@it.co.za", source=CLIENT)
    wait(lambda: grown(before, BACK) == [4], "all is counted")
    for worker in stand.mxward.workers:
        os.kill(worker, signal.SIGKILL)
    restarts = "worker_restarts_total"
    wait(lambda: get("/health")[0] == 200 and grown(before, restarts) == [2], "they are back")
    assert grown(before, BACK) == [4]


def test_a_worker_that_hangs_is_no_health(stand: Site) -> None:
    start(stand)
    hung, _ = stand.mxward.workers
    os.kill(hung, signal.SIGSTOP)
    try:
        wait(lambda: get("/health")[0] == 503, "it is noticed", 40)
    finally:
        os.kill(hung, signal.SIGCONT)
    wait(lambda: get("/health")[0] == 200, "it is well again")


def test_a_mail_server_that_is_away_is_no_health(stand: Site) -> None:
    stand.mail_server.stop()
    try:
        stand.start("proxy-v2", stage="refuse", more=METRICS)
        wait(lambda: "mail server has not answered" in get("/health")[1], "it is noticed")
    finally:
        stand.mail_server.start()
    wait(lambda: get("/health")[0] == 200, "it is well again", 40)


def test_a_wrong_reload_is_counted(stand: Site) -> None:
    start(stand)
    before = numbers()
    good = stand.mxward.path.read_text()
    stand.mxward.path.write_text(good + "[nonsense]\n")
    stand.mxward.signal(signal.SIGHUP)
    refused = 'reloads_total{result="refused",what="configuration"}'
    applied = 'reloads_total{result="applied",what="configuration"}'
    wait(lambda: grown(before, refused, applied) == [1, 0], "it is refused")
    stand.mxward.path.write_text(good)
    stand.mxward.signal(signal.SIGHUP)
    wait(lambda: grown(before, refused, applied) == [1, 1], "it is applied")


def test_another_program_takes_over_the_answering(stand: Site) -> None:
    start(stand)
    swaks(MAIL, "shaun@it.co.za", source=CLIENT)
    wait(lambda: numbers()[BACK] == 1, "it is counted")
    stand.mxward.signal(signal.SIGUSR2)
    wait(lambda: read(*get("/metrics")).get(BACK) == 0, "the new one begins anew", 40)
    wait(lambda: get("/health")[0] == 200, "it is well")


def test_nobody_listens_unless_it_is_asked_for(stand: Site) -> None:
    stand.start("proxy-v2", stage="refuse")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 9625), timeout=5)


def test_a_port_that_somebody_has(stand: Site) -> None:
    stand.mxward.kill()
    stand.configure("proxy-v2", more=METRICS)
    stand.mxward.write()
    command = [sys.executable, "-m", "mxward", "serve", "--config", str(stand.mxward.path)]
    with socket.create_server(("127.0.0.1", 9625)):
        done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    assert done.returncode == 78
    assert "metrics.listen: 127.0.0.1:9625: somebody listens there already" in done.stderr
