"""What the benchmarks measure with: rounds and ratios, CPU time, the load client and the sink."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from benchmarks import load, processes
from benchmarks.load import Session, Unexpected
from benchmarks.results import Target
from benchmarks.rounds import Contender, Measured, ratio, throughput

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_every_other_round_goes_backwards() -> None:
    order: list[str] = []

    def named(name: str) -> Contender:
        def taking(_: int) -> float:
            order.append(name)
            return 2.0

        return Contender(name, (), taking)

    rows = throughput([named("a"), named("b")], 3, number=8, size=1_000_000)
    assert order == ["a", "b", *"ab", *"ba", *"ab"]  # the first two are to warm up
    assert [(row.name, row.values) for row in rows] == [("a", [4.0] * 3), ("b", [4.0] * 3)]


def test_a_ratio_is_that_of_each_round() -> None:
    ours, theirs = Measured("us", [2, 30, 4]), Measured("them", [1, 10, 4])
    assert ratio(ours, theirs) == 2  # of 2, 3, 1; the medians' would be 4 / 4
    assert ratio(ours, Measured("them", [1, 0, 4])) is None


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [(0.75, False, "met"), (0.76, False, "MISSED"), (0.7, True, "MISSED"), (None, True, "SKIPPED")],
)
def test_a_target_is_met_missed_or_skipped(
    value: float | None, at_least: bool, verdict: str
) -> None:
    assert str(Target("CPU", value, 0.75, at_least)).startswith(f"{verdict}: CPU")


def test_what_has_exited_is_counted() -> None:
    before = processes.cpu(os.getpid())
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    assert processes.cpu(os.getpid()) - before > 0.25


def test_what_runs_below_is_counted() -> None:
    wait = f"import sys\n{BUSY}\nprint(flush=True)\nsys.stdin.read()"
    below = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {wait!r}])"
    started = subprocess.Popen(
        [sys.executable, "-c", below], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with started:
        assert started.stdout
        started.stdout.readline()
        assert processes.cpu(started.pid) > 0.25
        assert len(processes.tree(started.pid)) == 2


@pytest.fixture
def sink() -> Iterator[int]:
    """benchmarks.sink on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    words = [sys.executable, "-m", "benchmarks.sink", "127.0.0.1", str(port)]
    with subprocess.Popen(words) as process:
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                continue
        yield port
        process.kill()


@pytest.mark.parametrize("size", [1, 999_999, 5_000_000])
def test_the_sink_takes_messages_of_the_load_client(sink: int, size: int) -> None:
    load.send("127.0.0.1", sink, lambda _: Session("user@it.co.za", size), 6, 3)


def test_the_sink_finds_the_end_wherever_it_is_cut(sink: int) -> None:
    for cut in range(6):
        with socket.create_connection(("127.0.0.1", sink)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            replies = client.makefile("rb")
            replies.readline()
            client.sendall(b"DATA\r\n")
            assert replies.readline() == b"354 go on\r\n"
            text = b"hello\r\n.\r\n"
            client.sendall(text[: len(text) - cut])
            client.sendall(text[len(text) - cut :])
            assert replies.readline() == b"250 kept nothing\r\n"


def test_the_load_client_raises_where_a_reply_is_not_what_it_should_be(sink: int) -> None:
    with pytest.raises(Unexpected, match=r"250 ok.* instead of b'550'"):
        load.send("127.0.0.1", sink, lambda _: Session("user@it.co.za"), 1, 1)


def test_a_server_that_closes_early_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet_and_close() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(b"220 hello\r\n")
                client.recv(100)

        server = threading.Thread(target=greet_and_close)
        server.start()
        port = listener.getsockname()[1]
        with pytest.raises(Unexpected, match="closed before b'250'"):
            load.send("127.0.0.1", port, lambda _: Session("user@it.co.za"), 1, 1)
        server.join()


def test_a_message_has_its_size_and_its_end() -> None:
    for size in (1, 4_096, 2_000_123):
        text = b"".join(load.message(size))
        assert text.endswith(b"\r\n.\r\n")
        assert abs(len(text) - size) < 200
        assert text.replace(b"\r\n", b"").count(b"\n") == 0
