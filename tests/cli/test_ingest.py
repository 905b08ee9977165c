"""`mxward ingest` as a user runs it: what it says, how it ends, what it leaves."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mxward
from benchmarks import logs
from mxward.cli import main
from tests.reports.ingest.tables import ARRIVAL, files, rows

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mxward.__file__).parents[1])}
COMMAND = [sys.executable, "-m", "mxward", "ingest"]
CUT = gzip.compress(ARRIVAL * 1000)[:-9]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some logs in the current directory."""
    monkeypatch.chdir(tmp_path)
    for name, data in {
        "mainlog": ARRIVAL,
        "mainlog.1": ARRIVAL.replace(b"11-17", b"11-16") + b"what <= is this?\n",
        "strange": ARRIVAL * 20 + b"what <= is this?\n" * 20,
        "empty": b"",
        "binary": b"\x7fELF\0\n\0",
        "letter": b"Dear Sir\n",
        "cut.gz": CUT,
        "half": ARRIVAL * 2 + b"2010-11-17 09:28:01 1PIc",
    }.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "file").touch()
    return tmp_path


def run(words: str, stdin: bytes = b"") -> Result:
    """Here, for there are many."""
    return CliRunner().invoke(main, ["ingest", *words.split()], input=stdin)


def run_apart(words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *words.split()], env=ENVIRONMENT, input=stdin, capture_output=True
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("mainlog --to t", 0, ""),
        ("mainlog mainlog.1 --to t", 0, ""),
        ("empty --to t", 0, "mxward: empty: is empty\n"),
        ("mainlog mainlog --to t", 0, ""),
        ("missing mainlog --to t", 1, "mxward: missing: no such file\n"),
        ("directory mainlog --to t", 1, "mxward: directory: is a directory; name the logs in it\n"),
        ("binary --to t", 1, "mxward: binary: is no log but something binary\n"),
        ("letter --to t", 1, "mxward: letter: is no log of Exim's or Postfix's\n"),
        ("cut.gz --to t", 1, "mxward: cut.gz: ends in the middle of its gzip stream\n"),
        ("half --to t", 1, "mxward: half: ends in the middle of line 3, which was left out\n"),
        ("mainlog --to mainlog", 2, "'--to': Directory 'mainlog' is a file."),
        ("mainlog --to directory", 2, "'--to': directory: has other files in it; name a new or"),
        ("mainlog --to mainlog/t", 1, "mxward: mainlog/t: cannot be written: Not a directory\n"),
        ("mainlog", 2, "Missing option '--to'"),
        ("--to t", 2, "Missing argument 'LOG...'"),
        ("mainlog --to t --zone Mars/Phobos", 2, "'--zone': 'Mars/Phobos' is no time zone; "),
        ("mainlog --to t --host a/b", 2, "'--host': 'a/b' is no name of a host"),
        ("mainlog --to t --jobs 0", 2, "'--jobs': 0 is not in the range"),
    ],
)
def test_exit_codes(words: str, code: int, error: str) -> None:
    done = run(words)
    assert (done.exit_code, error in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= (1 if code < 2 else 4)
    if code == 0 and not error:
        assert done.stderr == ""


def test_what_is_said() -> None:
    said = run("mainlog mainlog.1 strange --to t").stdout.splitlines()
    assert said[:5] == [
        "22 rows are in t of what was read",
        "accepted  22 recipients",
        "rejected  0 attempts",
        "deferred  0 attempts",
        "days      2, from 2010-11-16 to 2010-11-17 (UTC)",
    ]
    rest = "\n".join(said[5:])
    assert "looks like an arrival, and is none" in rest
    assert "21: what <= is this?" in rest


def test_the_same_for_programs() -> None:
    told = json.loads(run("mainlog mainlog.1 half empty --to t --json").stdout)
    assert told == {
        "table": "t",
        "lines": 6,
        "rows": {"accepted": 4},
        "days": ["2010-11-16", "2010-11-17"],
        "logs": {
            "mainlog": {"lines": 1, "told": {"<=": 1}, "strange": {}, "samples": {}},
            "mainlog.1": {
                "lines": 2,
                "told": {"<=": 1},
                "strange": {"looks like an arrival, and is none": 1},
                "samples": {
                    "looks like an arrival, and is none": [{"line": 2, "text": "what <= is this?"}]
                },
            },
            "half": {
                "lines": 3,
                "told": {"<=": 2},
                "strange": {"has no end: it may have been cut off": 1},
                "samples": {
                    "has no end: it may have been cut off": [
                        {"line": 3, "text": "2010-11-17 09:28:01 1PIc"}
                    ]
                },
            },
            "empty": {"lines": 0, "told": {}, "strange": {}, "samples": {}},
        },
        "problems": ["half: ends in the middle of line 3, which was left out"],
        "remarks": ["empty: is empty"],
    }


def test_the_zone_and_the_host_are_those_of_the_log() -> None:
    run_apart("- --to t --zone Africa/Johannesburg --host mx1.it.co.za", ARRIVAL)
    [row] = rows(Path("t"))
    assert f"{row['arrived_at']:%H:%M}" == "07:28"
    assert (row["host"], row["log"]) == ("mx1.it.co.za", "standard input")


def test_of_nothing_that_asks_is_anything_loaded() -> None:
    command = [sys.executable, "-X", "importtime", *COMMAND[1:], "mainlog", "--to", "t"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    for heavy in ("duckdb", "sqlalchemy", "dns.", "pyspark"):
        assert f" {heavy}" not in done.stderr, heavy


def test_a_bar_is_for_terminals() -> None:
    ours, theirs = pty.openpty()
    words = [*COMMAND, "mainlog", "--to", "t"]
    subprocess.run(
        words,
        env=ENVIRONMENT | {"TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert re.search(r"logs .*206/206 bytes", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown))


def test_a_table_that_cannot_be_written_is_one_line(place: Path) -> None:
    """As where the disk is full: no file may be larger than a limit."""
    with Path("long").open("wb") as file:
        for chunk in logs.exim(20_000):
            file.write(chunk)
    for jobs in (1, 2):
        limited = subprocess.run(
            ["prlimit", "--fsize=40000", *COMMAND, "long", "--to", "t", "--jobs", str(jobs)],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        assert limited.stderr == "mxward: t: cannot be written: File too large\n"
        assert limited.returncode == 1
        assert [path.name for path in Path("t").iterdir()] == ["_logs"]


@pytest.fixture
def endless(place: Path) -> Iterator[Path]:
    """A log through a FIFO to which somebody always writes."""
    fifo = place / "fifo"
    os.mkfifo(fifo)
    script = "import sys\nwith open('fifo', 'wb') as file:\n  while True: file.write(%r * 1000)"
    writer = subprocess.Popen([sys.executable, "-c", script % ARRIVAL], stderr=subprocess.DEVNULL)
    yield fifo
    writer.kill()
    writer.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_in_the_middle(number: signal.Signals, code: int, endless: Path) -> None:
    run("mainlog --to t")
    started = subprocess.Popen(
        [*COMMAND, str(endless), "--to", "t"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    until(lambda: any(Path("t").glob(".*")))
    started.send_signal(number)
    _, said = started.communicate()
    assert started.returncode == code
    assert "Traceback" not in said and said.count("\n") == (number is signal.SIGINT)
    assert len(files(Path("t"))) == 1
    assert not list(Path("t").glob(".*"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_while_several_processes_read(number: signal.Signals, code: int) -> None:
    """Ctrl-C is heard by all of them."""
    started = _many()
    os.killpg(started.pid, number)
    _, said = started.communicate()
    assert started.returncode == code
    assert "Traceback" not in said and said.count("\n") == (number is signal.SIGINT)
    assert [path.name for path in Path("t").iterdir()] == ["_logs"]


def test_those_who_read_end_with_who_started_them() -> None:
    started = _many()
    children = _children(started.pid)
    started.kill()
    started.communicate()
    until(lambda: not any(Path(f"/proc/{child}/exe").exists() for child in children))


def _many() -> subprocess.Popen[str]:
    """Two processes, and this one, on a log that takes them a while."""
    data = b"".join(logs.exim(20_000))
    with Path("long").open("wb") as file:
        for _ in range(60):
            file.write(data)
    command = [*COMMAND, "long", "--to", "t", "--jobs", "2"]
    started = subprocess.Popen(
        command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(lambda: len(_busy(started.pid)) == 2)
    return started


def _busy(pid: int) -> list[int]:
    """Who has begun to read."""
    return [child for child in _children(pid) if _open_files(child) & {Path("long").absolute()}]


def _open_files(pid: int) -> set[Path]:
    links = Path(f"/proc/{pid}/fd").iterdir()
    return {link.readlink() for link in links if link.is_symlink()}


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until(done: Callable[[], bool]) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it has not come to that in a minute")


# Started by a small process: what a process has had at most is, for the kernel, at least what the
# one had that it was forked from, and the tests' own is large.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_log(count: Callable[[int, int], int]) -> None:
    """`count` MB of a log, through a pipe."""
    chunks = list(logs.exim(50_000))
    size, wanted = 0, count(50, 1_500) * 1_000_000
    command = [sys.executable, "-c", _MEASURED, *COMMAND, "-", "--to", "t"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdin is not None and started.stdout is not None
        while size < wanted:
            for chunk in chunks:
                started.stdin.write(chunk)
                size += len(chunk)
        started.stdin.close()
        most = int(started.stdout.read().split()[-1])
    assert started.returncode == 0
    assert most < 300 * 1024  # kB
