"""Each benchmark runs from end to end with tiny counts; what it measures then means nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import processes
from benchmarks.works import WORKS

pytestmark = pytest.mark.real

POOLED = "mxward, xclient and pool"
LOOKED_UP = ["s", "us of CPU a look-up", "MB", "failed"]
CONTENDERS = {
    "refused": [
        "mxward",
        "nginx mail + auth_http",
        "Postfix, access table",
        "Exim, ACL",
        "aiosmtpd, handler",
    ],
    "relayed": [
        "mxward",
        "HAProxy, TCP",
        "nginx mail + auth_http",
        "Postfix, proxy filter",
        "aiosmtpd, Proxy",
        POOLED,
    ],
    "before-postfix": ["no proxy", "mxward, proxy-v2", "HAProxy, send-proxy-v2", POOLED],
    "large": [
        "mxward",
        "HAProxy, TCP",
        "nginx mail + auth_http",
        "Postfix, proxy filter",
        "direct",
    ],
    "idle": ["mxward", "nginx mail + auth_http"],
    "memory": ["mxward", "HAProxy, TCP", "nginx mail + auth_http"],
    "decisions": ["p50", "p99", "p99.9", "bytes a domain"],
    "workers": [
        "one worker, 20 at once",
        "two workers, 20 at once",
        "one worker, 4 at once",
        "two workers, 4 at once",
    ],
    "expiring": [
        "at first, longest",
        "all expired, median",
        "all expired, p99",
        "all expired, longest",
        "questions for one name, at most",
    ],
    "probing": [
        "50 ms a reply, s",
        "50 ms away, s",
        "CPU of the auditor, s",
        "sessions",
        "commands",
    ],
    "accept-rules": [
        "Postfix, no rules",
        "Postfix, accept rules",
        "Exim, no rules",
        "Exim, accept rules",
        "Exim, two programs each RCPT",
    ],
    "policyd": ["Postfix, no rules", "Postfix and policyd", "the same, refused"],
    "storm": [
        "median, quiet",
        "median, amid the storm",
        "p95, quiet",
        "p95, amid the storm",
        "refused a second",
    ],
    "bulk-dns": [
        *(f"mxward, {what}" for what in LOOKED_UP),
        *(f"dnspython, {what}" for what in LOOKED_UP),
        "mxward, 4 times the domains, s",
        "mxward, 4 times the domains, MB",
    ],
    "reading-logs": [
        "mxward parser, Exim",
        "mxward ingest, Exim",
        "eximstats",
        "mxward parser, Postfix",
        "mxward ingest, Postfix",
        "pflogsumm",
    ],
    "writing-rules": [
        f"{way}, {what}"
        for way in ("exim", "postfix", "nftables", "dns")
        for what in ("s", "again, s", "MB")
    ],
    "questions": ["who", "what-if", "report", "report, MB"],
    "ingest-processes": ["--jobs 1", "--jobs 2"],
    "ingest-memory": ["Exim", "Exim, recipients by deliveries", "Postfix"],
    "firewall": [
        "IPv4, replaced, ms",
        "IPv6, replaced, ms",
        "packets decided meanwhile",
        "decided wrongly",
    ],
    "fast-path": [
        "intercepted",
        "fast path",
        "not intercepted",
        "intercepted, let in by mxward",
        "fast path, let in by mxward",
    ],
}


@pytest.mark.parametrize("work", WORKS)
def test_a_work_measures_all_its_contenders(work: str, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    done = run("--work", work, "--quick", "--json", str(path))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text())
    [only] = found["works"]
    assert only["work"] == work
    assert [each["name"] for each in only["contenders"]] == CONTENDERS[work]
    assert all(len(each["values"]) == 1 for each in only["contenders"])
    assert only["targets"]
    assert not [target["note"] for target in only["targets"] if target["note"]], "a work is skipped"
    assert "Postfix 3." in found["conditions"]["versions"]


def test_a_work_that_does_not_exist_is_a_usage_error() -> None:
    done = run("--work", "baking")
    assert (done.returncode, "'baking' is not one of" in done.stderr) == (2, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_stopped(number: signal.Signals) -> None:
    directories = set(Path("/dev/shm").glob("benchmarks-*"))  # noqa: S108
    benchmark = subprocess.Popen(command("--work", "relayed"), stderr=subprocess.DEVNULL)
    started: set[int] = set()
    while not any(b"haproxy" in words_of(pid) for pid in started):
        assert benchmark.poll() is None
        time.sleep(0.05)
        started.update(processes.tree(benchmark.pid))
    started.update(processes.tree(benchmark.pid))
    benchmark.send_signal(number)
    assert benchmark.wait(20) != 0
    assert [pid for pid in started if words_of(pid)] == []
    assert set(Path("/dev/shm").glob("benchmarks-*")) <= directories  # noqa: S108


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks", *words]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=120)


def words_of(pid: int) -> bytes:
    """A process's command, or nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
