"""`mxward demo` as a user types it: the whole show, its exit codes, and that nothing is left."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import mxward
from mxward.cli.demo import demo
from mxward.demo.play import Outcome, Play
from mxward.demo.show import SCENES, Scene
from tests.integration import hosts

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mxward.__file__).parents[1])}


@pytest.fixture(autouse=True)
def _nft(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nft that Debian has, as a user has it in PATH."""
    folder = hosts.nft(tmp_path_factory.mktemp("nft"))
    monkeypatch.setitem(ENVIRONMENT, "PATH", f"{folder}:{os.environ['PATH']}")


def run(*words: str, folder: Path, within: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start it; its temporary files go below `folder`."""
    return subprocess.Popen(
        [*within, sys.executable, "-m", "mxward", "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT | {"TMPDIR": str(folder)},
    )


def test_the_whole_show(tmp_path: Path) -> None:
    process = run(folder=tmp_path)
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == 0, shown
    assert shown.isascii()
    assert [line for line in shown.splitlines() if "DIFFERS" in line] == []
    assert re.findall(r"^(\d)\. ", shown, re.MULTILINE) == list("123456789")
    assert re.search(r"^All \d\d as expected\.$", shown, re.MULTILINE)
    assert "250-" not in shown  # the answer to EHLO is folded
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code"), [(["--scene", "9"], 1), (["--scene", "8", "--scene", "9"], 0)]
)
def test_where_there_are_no_namespaces_it_says_so(
    words: list[str], code: int, tmp_path: Path
) -> None:
    forbidden = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
    within = ["unshare", "--user", "--map-root-user", "sh", "-c", forbidden, "sh"]
    process = run(*words, folder=tmp_path, within=within)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == code, shown
    why = "this machine lets no network namespace be made"
    assert f"    * left out here: {why}\n" in shown
    assert shown.endswith(f"Scene 9 was left out: {why}.\n")


@pytest.mark.real
def test_two_machines(tmp_path: Path) -> None:
    process = run("--scene", "9", "--json", folder=tmp_path)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0, shown
    assert [row["ok"] for row in json.loads(shown)] == [True] * 6


@pytest.mark.real
@pytest.mark.parametrize("moment", ["    * mxward starts", "    C: DATA"])
def test_interrupted_between_two_machines(moment: str, tmp_path: Path) -> None:
    process = run("--scene", "9", folder=tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(moment):
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
    assert who_mentions(tmp_path) == []


def test_two_at_once_and_as_json(tmp_path: Path) -> None:
    both = [
        run(*words, "--json", folder=tmp_path) for words in (["--scene", "2"], ["--scene", "8"])
    ]
    for process, number, length in zip(both, (2, 8), (1, 17), strict=True):
        shown, _ = process.communicate(timeout=120)
        assert process.returncode == 0, shown
        assert [(row["scene"], row["ok"]) for row in json.loads(shown)] == [(number, True)] * length


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_staying_until_told_to_go(number: signal.Signals, tmp_path: Path) -> None:
    process = run("--scene", "2", "--stay", folder=tmp_path)
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if found := re.match(r" +mxward +(127\.[0-9.]+):(\d+)$", line):
            address, port = found[1], int(found[2])
            break
    assert address, "it does not say where it listens"
    with socket.create_connection((address, port), timeout=5) as connection:
        assert connection.recv(4) == b"220 "
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, port), timeout=5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moment", ["1. ", "    * mxward starts", "    C: DATA"])
def test_interrupted_before_its_end(moment: str, tmp_path: Path) -> None:
    process = run(folder=tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(moment):
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
    gone_by = time.monotonic() + 10  # workers see that their supervisor is gone, and go
    while who_mentions(tmp_path) and time.monotonic() < gone_by:
        time.sleep(0.05)
    assert who_mentions(tmp_path) == []


def who_mentions(folder: Path) -> list[str]:
    """The command lines of processes that were started with something below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = process.read_bytes().replace(b"\0", b" ").decode()
            found += [line] if str(folder) in line else []
    return found


def test_what_differs_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wrong(play: Play) -> None:
        play.check("two and two", Outcome("250", mailboxes=5), Outcome("250", mailboxes=4))

    monkeypatch.setitem(SCENES, 1, Scene("A mistake", wrong))
    result = CliRunner().invoke(demo, ["--scene", "1", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {
            "scene": 1,
            "what": "two and two",
            "expected": "250; mailbox 5",
            "seen": "250; mailbox 4",
            "ok": False,
        }
    ]


def test_without_aiosmtpd_one_line_says_what_to_install(tmp_path: Path) -> None:
    installed = Path(click.__file__).parents[1]
    for entry in installed.iterdir():
        if not entry.name.startswith("aiosmtpd"):
            (tmp_path / entry.name).symlink_to(entry)
    paths = [str(tmp_path), ENVIRONMENT["PYTHONPATH"]]
    program = f"import sys; sys.path[:0] = {paths}; import mxward.cli as c; c.main(['demo'])"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: the demo needs aiosmtpd: pip install 'mxward[demo]'\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--scene", "10"], "10 is not in the range"),
        (["--stay", "--json"], "exclude each other"),
        (["it.co.za"], "unexpected extra argument"),
    ],
)
def test_wrong_usage(words: list[str], complaint: str) -> None:
    result = CliRunner().invoke(demo, words)
    assert result.exit_code == 2
    assert complaint in result.output
