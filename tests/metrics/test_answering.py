"""/metrics and /health, over a socket."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mxward import metrics
from mxward.metrics import answering, catalogue
from mxward.metrics.answering import answer
from mxward.metrics.board import Board
from mxward.metrics.exposition import DERIVED, exposition
from mxward.metrics.metric import Shape
from mxward.metrics.times import Times

NOW = 5000.0


def board() -> Board:
    """Two workers that are well."""
    made = metrics.board(3)
    made.row(3).set(catalogue.WORKERS.name, 2)
    for number in range(2):
        made.row(number).set(metrics.SEAT, number + 1)
        made.row(number).set(metrics.HEARTBEAT, NOW)
    return made


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def get(listener: socket.socket | int, path: str) -> tuple[int, str]:
    port = listener if isinstance(listener, int) else listener.getsockname()[1]
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read().decode()


def samples(text: str) -> dict[str, float]:
    """All samples of an exposition that are not 0, as they are written."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pairs = (line.rsplit(" ", 1) for line in lines)
    return {name: float(value) for name, value in pairs if float(value)}


def test_numbers_become_one(listener: socket.socket) -> None:
    made = board()
    for number in range(2):
        row = made.row(number)
        row.add(catalogue.DECISIONS.column("refuse", "back-door"), 3)
        row.set(catalogue.OPEN.name, 5)
        row.set(catalogue.DOMAINS.name, 1000 - number)
        row.set(catalogue.CPU.name, number + 0.5)
        Times(row, catalogue.CONNECT_SECONDS, "scanner").took(0.02)
        Times(row, catalogue.CONNECT_SECONDS, "scanner").took(99)
    made.row(1).set(catalogue.CERTIFICATE_ENDS.name, 7e8)
    serving = answer(listener, made, lambda: NOW)
    status, text = get(listener, "/metrics")
    serving.stop()
    found = samples(text)
    assert status == 200
    assert {name: n for name, n in found.items() if "info" not in name} == {
        'mxward_decisions_total{action="refuse",reason="back-door"}': 6,
        "mxward_connections_open": 10,
        "mxward_inventory_domains": 1000,
        "mxward_certificate_expiry_timestamp_seconds": 7e8,
        "mxward_workers": 2,
        "mxward_workers_beating": 2,
        "mxward_healthy": 1,
        'mxward_worker_cpu_seconds_total{worker="0"}': 0.5,
        'mxward_worker_cpu_seconds_total{worker="1"}': 1.5,
        'mxward_upstream_connect_seconds_bucket{le="0.02",to="scanner"}': 2,
        'mxward_upstream_connect_seconds_bucket{le="0.1",to="scanner"}': 2,
        'mxward_upstream_connect_seconds_bucket{le="0.5",to="scanner"}': 2,
        'mxward_upstream_connect_seconds_bucket{le="2",to="scanner"}': 2,
        'mxward_upstream_connect_seconds_bucket{le="10",to="scanner"}': 2,
        'mxward_upstream_connect_seconds_bucket{le="+Inf",to="scanner"}': 4,
        'mxward_upstream_connect_seconds_count{to="scanner"}': 4,
        'mxward_upstream_connect_seconds_sum{to="scanner"}': pytest.approx(198.04),
    }


def test_all_that_is_counted_is_told() -> None:
    families = {
        each.name: (each.type, each.documentation)
        for each in text_string_to_metric_families(exposition(board(), lambda: NOW).decode())
    }
    for metric in catalogue.ALL:
        name = metric.full_name.removesuffix("_total")
        assert families.pop(name) == (metric.shape.value, metric.help)
    assert set(families) == {f"mxward_{name}" for name in DERIVED}


def test_names_are_as_prometheus_wants_them() -> None:
    for metric in catalogue.ALL:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", metric.name)
        assert metric.help.endswith((".", "451.", ")."))
        if metric.shape is Shape.HISTOGRAM:
            assert metric.name.endswith("_seconds")
            assert list(metric.ends) == sorted(set(metric.ends))


def test_health(listener: socket.socket) -> None:
    made, now = board(), [NOW]
    serving = answer(listener, made, lambda: now[0])
    well = get(listener, "/health")
    now[0] += 60
    made.row(0).set(metrics.HEARTBEAT, now[0])
    ill = get(listener, "/health")
    serving.stop()
    assert (well[0], json.loads(well[1])) == (200, {"well": True, "wrong": [], "workers": 2})
    assert (ill[0], json.loads(ill[1])["wrong"]) == (503, ["worker 1 does not answer"])


def test_any_process_answers_for_all(listener: socket.socket) -> None:
    made = board()
    child = os.fork()
    if not child:
        made.row(0).add(catalogue.CONNECTIONS.name, 41)
        serving = answer(listener, made)
        time.sleep(30)
        os._exit(0)
    made.row(1).add(catalogue.CONNECTIONS.name, 1)
    port = listener.getsockname()[1]
    serving = answer(listener, made)
    try:
        while samples(get(port, "/metrics")[1])["mxward_connections_total"] == 1:
            pass  # the child has not counted yet
        serving.stop()
        while listener.fileno() >= 0:
            assert get(port, "/metrics")[0] == 200
        assert samples(get(port, "/metrics")[1])["mxward_connections_total"] == 42
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"GET / HTTP/1.0\r\n\r\n", b"404"),
        (b"GET /../etc/passwd HTTP/1.0\r\n\r\n", b"404"),
        (b"POST /health HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", b"501"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /health HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /health HTTP/1.0\r\nX: " + b"x" * answering.LARGEST + b"\r\n\r\n", b""),
    ],
)
def test_what_comes_of_a_request(listener: socket.socket, request_: bytes, status: bytes) -> None:
    serving = answer(listener, board(), lambda: NOW)
    with socket.create_connection(listener.getsockname(), timeout=20) as client:
        client.sendall(request_)
        answered = b""
        try:
            while block := client.recv(65536):
                answered += block
        except ConnectionResetError:  # it was not read to its end
            pass
    still = get(listener, "/health")[0]
    serving.stop()
    assert answered.partition(b"\r\n")[0].split(b" ")[1:2] == ([status] if status else [])
    assert still == 200


def test_who_is_slow_holds_up_the_others_for_a_moment_only(listener: socket.socket) -> None:
    serving = answer(listener, board(), lambda: NOW)
    with socket.create_connection(listener.getsockname(), timeout=20) as slow:
        slow.sendall(b"GET /health")
        began = time.monotonic()
        assert get(listener, "/health")[0] == 200
        assert time.monotonic() - began < answering.PATIENCE + 5
        assert slow.recv(100) == b""
    serving.stop()
