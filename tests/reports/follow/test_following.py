"""Whatever happens to a log, and however often its reader is stopped: each line once, in order."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxward.reports.follow.following import Follower
from tests.reports.follow.rotated import RotatedLog


@dataclass
class Reading:
    """A log, and who follows it."""

    log: RotatedLog
    follower: Follower
    lines: list[bytes] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def poll(self) -> None:
        batch = self.follower.poll()
        if batch is not None:
            self.lines += [line.removesuffix(b"\n") for line in batch.lines]
            self.remarks += batch.remarks

    def catch_up(self) -> None:
        """Until nothing has come for longer than a file is waited for."""
        idle = 0
        while idle < 4:
            before = len(self.lines), self.follower.place
            self.poll()
            idle = idle + 1 if (len(self.lines), self.follower.place) == before else 0

    def restart(self) -> None:
        """Killed after it has written down how far it was."""
        place = self.follower.place
        self.follower.close()
        self.follower = Follower(self.log.path, place)


def begin(log: RotatedLog) -> Reading:
    """Its first file is there, and has been seen."""
    log.write(1)
    reading = Reading(log, Follower(log.path))
    reading.poll()
    return reading


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    log = RotatedLog(tmp_path)
    made = begin(log)
    yield made
    made.follower.close()


STEPS: dict[str, Callable[[Reading], None]] = {
    "write": lambda r: r.log.write(3),
    "write much": lambda r: r.log.write(400),
    "write half": lambda r: r.log.write(2, ended=False),
    "end a line": lambda r: r.log.end_line(),
    "rename": lambda r: r.log.rename(),
    "rename only": lambda r: r.log.rename(create=False),
    "copy": lambda r: r.log.copy_and_truncate(),
    "compress 1": lambda r: r.log.compress(1),
    "compress 2": lambda r: r.log.compress(2),
    "poll": Reading.poll,
    "catch up": Reading.catch_up,
    "restart": Reading.restart,
}


def truncate(reading: Reading) -> None:
    """What nobody has read yet is gone. (What is written to an empty file leaves no trace.)"""
    reading.catch_up()
    if reading.log.texts[-1]:
        reading.log.write(2)
        reading.log.truncate()


def remove(reading: Reading) -> None:
    """Two rotations while nobody looks, and one elder is kept: a whole file is gone."""
    reading.catch_up()
    if reading.log.texts[-1]:
        for _ in range(2):
            reading.log.rename(keep=1)
            reading.log.write(2)


LOSING: dict[str, Callable[[Reading], None]] = {"truncate": truncate, "remove": remove}


def play(steps: list[str]) -> Reading:
    with tempfile.TemporaryDirectory() as directory:
        log = RotatedLog(Path(directory))
        reading = begin(log)
        for step in steps:
            (STEPS | LOSING)[step](reading)
        log.write(1)
        reading.catch_up()
        reading.follower.close()
    return reading


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=25))
@example(["write", "catch up", "rename", "write", "rename", "write", "restart"])
@example(["write", "poll", "copy", "write much", "copy", "compress 1", "compress 2", "restart"])
def test_each_line_once(steps: list[str]) -> None:
    reading = play(steps)
    if not any("missing" in remark for remark in reading.remarks):
        assert reading.lines == reading.log.whole_lines()
    else:
        rest = iter(reading.log.whole_lines())
        assert all(line in rest for line in reading.lines)


@given(st.lists(st.sampled_from(sorted(STEPS | LOSING)), max_size=25))
@example(["copy", "catch up", "end a line", "copy", "rename", "remove"])
@example(["write", "truncate", "copy", "remove", "restart"])
def test_what_is_lost_is_told_and_nothing_comes_twice(steps: list[str]) -> None:
    reading = play(steps)
    written = reading.log.whole_lines()
    rest = iter(written)
    assert all(line in rest for line in reading.lines)
    if reading.lines != written:
        assert any("missing" in remark for remark in reading.remarks)


@pytest.mark.parametrize("way", ["copy", "rename"])
def test_while_another_process_writes_and_turns_it_round(
    way: str, tmp_path: Path, count: Callable[[int, int], int]
) -> None:
    """Nobody waits for anybody; no line is lost, for nothing is written while it is copied. (That
    one may be missing can be said for nothing: who truncates sets size and time one by one.)
    """
    log = RotatedLog(tmp_path)
    reading = begin(log)

    def write() -> None:
        for _ in range(count(40, 150)):
            log.write(20)
            time.sleep(0.02)
            if way == "copy":
                log.copy_and_truncate(keep=10_000)
            else:
                log.rename(keep=10_000)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        reading.poll()
    log.write(1)
    reading.catch_up()
    reading.follower.close()
    assert reading.lines == log.lines()
