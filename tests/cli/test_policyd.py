"""`mxward policyd` as its user starts and ends it: exit codes, mistakes, the log, the socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import mxward

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mxward.__file__).parents[1])}
CONFIGURATION = """\
[server]
addresses = ["192.0.2.25"]
[inventory]
files = ["localdomains"]
[dns]
servers = ["127.0.0.1:1"]
[store]
path = "store.db"
[policyd]
{policyd}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "localdomains").write_text("it.co.za\n")
    return tmp_path


def command(place: Path, policyd: str) -> list[str]:
    (place / "mxward.toml").write_text(CONFIGURATION.format(policyd=policyd))
    return [sys.executable, "-m", "mxward", "policyd", "--config", str(place / "mxward.toml")]


def run(place: Path, policyd: str) -> subprocess.CompletedProcess[str]:
    words = command(place, policyd)
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)


class Running:
    """Started, and ready; its log is read until a line of it has some words."""

    def __init__(self, place: Path, policyd: str) -> None:
        self.process = subprocess.Popen(
            command(place, policyd), env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        self.ready = self.until("event=ready")

    def until(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError(f"it ended before {words!r}")


@pytest.fixture
def started(place: Path) -> Iterator[Running]:
    one = Running(place, f'listen = ["127.0.0.1:0"]\nsocket = "{place}/policyd.sock"')
    yield one
    one.process.kill()
    one.process.wait()
    assert one.process.stdout is not None
    one.process.stdout.close()


def test_it_says_where_it_listens_and_answers_there(started: Running, place: Path) -> None:
    where = started.ready.partition("listen=")[2].partition('"')[2].partition('"')[0].split()
    host, _, port = where[0].rpartition(":")
    assert where[1] == f"{place}/policyd.sock"
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b"request=smtpd_access_policy\nprotocol_state=DATA\n\n")
        assert client.recv(100) == b"action=DUNNO\n\n"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(where[1])
        client.sendall(b"request=exim\nclient_address=\n\n")
        assert client.recv(100) == b"pass\n"


def test_what_is_not_in_the_inventory_is_the_mail_servers_business(started: Running) -> None:
    assert asked(started, "u@far.example") == b"action=DUNNO\n\n"


def test_a_reload_is_in_force_for_the_next_question(started: Running, place: Path) -> None:
    path = place / "mxward.toml"
    contact = '[policy]\nstage = "refuse"\n[server]\ncontact = "new@provider.example"'
    path.write_text(path.read_text().replace("[server]", contact))
    started.process.send_signal(signal.SIGHUP)
    started.until("event=reloaded")
    told = asked(started, "shaun@it.co.za")
    assert told.startswith(b"action=451 4.4.3 Cannot tell just now whether mail for it.co.za")
    assert b"Questions: new@provider.example (id " in told


def asked(one: Running, recipient: str) -> bytes:
    """What Postfix is answered about a recipient of a stranger's mail."""
    port = int(one.ready.partition("127.0.0.1:")[2].split()[0])
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        about = f"client_address=4.3.90.120\nrecipient={recipient}\n\n"
        client.sendall(f"request=smtpd_access_policy\nprotocol_state=RCPT\n{about}".encode())
        return client.recv(1_000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(started: Running, place: Path, number: signal.Signals) -> None:
    begun = time.monotonic()
    started.process.send_signal(number)
    started.until("event=stopped")
    assert started.process.wait(20) == 0
    assert time.monotonic() - begun < 15
    assert not (place / "policyd.sock").exists()


def test_where_the_dns_and_the_store_are_away_it_still_answers(place: Path) -> None:
    """Nothing is remembered and nothing can be looked up: that is deferred only where enforced."""
    (place / "store.db").write_bytes(b"no store" * 1_000)
    one = Running(place, 'listen = ["127.0.0.1:0"]')
    assert asked(one, "shaun@it.co.za") == b"action=DUNNO\n\n"  # stage observe
    one.process.terminate()
    assert one.process.stdout is not None
    told = one.process.stdout.read()
    assert one.process.wait(20) == 0
    one.process.stdout.close()
    assert "reason=lookup-failed" in told
    assert "would=defer" in told


@pytest.mark.parametrize(
    ("policyd", "told"),
    [
        ("listen = []", '10: policyd.listen: empty, and there is no policyd.socket; write "127.0'),
        ('listen = ["127.0.0.1"]', '10: policyd.listen: "127.0.0.1"'),
        ('listen = ["198.19.255.1:10040"]', "10: policyd.listen: no address of this machine"),
        ('socket = "nowhere/policyd.sock"', "10: policyd.socket: its folder is missing; make it"),
        ('socket = "localdomains"', "10: policyd.socket: something stands there already"),
        ('fail = "accept"', '10: policyd.fail: "accept" is no answer; write "dunno" or "defer"'),
    ],
)
def test_a_mistake_is_one_line(place: Path, policyd: str, told: str) -> None:
    done = run(place, policyd)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"mxward.toml:{told}" in done.stderr
    assert (place / "localdomains").read_text() == "it.co.za\n"


def test_somebody_listens_there_already(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = run(place, f'listen = ["127.0.0.1:{other.getsockname()[1]}"]')
    assert done.returncode == 78
    assert "policyd.listen: somebody listens there already" in done.stderr


def test_without_an_inventory_there_is_nothing_to_answer_for(place: Path) -> None:
    words = command(place, "")
    text = (place / "mxward.toml").read_text()
    (place / "mxward.toml").write_text(text.replace('[inventory]\nfiles = ["localdomains"]\n', ""))
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert "inventory: missing, so there is no domain to answer for" in done.stderr
