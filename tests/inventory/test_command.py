"""Commands that do well, fail, hang and flood."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mxward.inventory.command import run
from mxward.inventory.files import Failed


def test_output_is_the_list() -> None:
    assert run(["echo", "a.example"]) == "a.example\n"


def test_there_is_no_shell(tmp_path: Path) -> None:
    assert run(["echo", f"$(touch {tmp_path}/made)"]) == f"$(touch {tmp_path}/made)\n"
    assert not (tmp_path / "made").exists()


def test_nothing_is_read_from_the_terminal() -> None:
    assert run(["cat"]) == ""


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("exit 3", "sh: exit code 3"),
        (
            "echo a.example; echo 'no such table' >&2; echo more >&2; exit 1",
            "exit code 1: no such table",
        ),
        ("kill -9 $$", "exit code -9"),
        ("sleep 60", "sh: not done after 0.3 s"),
        ("sleep 60 & exit 0", "sh: not done after 0.3 s"),
        ("exec >&- 2>&-; sleep 60", "sh: not done after 0.3 s"),
        ("while echo a.example; do :; done", "sh: not done after 0.3 s"),
        ("while echo x >&2; do :; done", "sh: not done after 0.3 s"),
    ],
)
def test_what_fails_is_told_in_one_line(script: str, failure: str) -> None:
    started = time.monotonic()
    with pytest.raises(Failed) as told:
        run(["sh", "-c", script], seconds=0.3)
    assert failure in str(told.value)
    assert "\n" not in str(told.value)
    assert time.monotonic() - started < 10


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    with pytest.raises(Failed):
        run(["sh", "-c", f"(sleep 1; touch {tmp_path}/late) & sleep 60"], seconds=0.2)
    time.sleep(1.5)
    assert not (tmp_path / "late").exists()


def test_a_flood_is_cut() -> None:
    with pytest.raises(Failed, match="head: more than 256 MiB of output"):
        run(["head", "-c", "300000000", "/dev/zero"])
