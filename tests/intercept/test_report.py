"""What the watchdog tells through a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxward.intercept.report import Port, Report

REPORT = Report(Port.OPEN, since=90.0, why="no greeting within 2 seconds", written=100.0)


def test_there_and_back(tmp_path: Path) -> None:
    file = tmp_path / "run" / "intercept.json"
    REPORT.write(file)
    assert Report.read(file, now=104.0) == REPORT
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("now", [106.0, 94.0])
def test_who_writes_no_more_says_nothing(tmp_path: Path, now: float) -> None:
    REPORT.write(tmp_path / "file")
    assert Report.read(tmp_path / "file", now) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "1", '{"port": "open"}', '{"port": 7, "since": 1}', "\x00"),
        '{"port": "ajar", "since": 1, "why": "", "written": 100}',
        '{"port": "open", "since": null, "why": "", "written": 100}',
    ],
)
def test_a_file_that_is_none_of_ours(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    assert Report.read(tmp_path / "file", now=100.0) is None


def test_no_file(tmp_path: Path) -> None:
    assert Report.read(tmp_path / "file", now=100.0) is None
    with pytest.raises(OSError, match="exists"):
        REPORT.write(Path("/dev/null/file"))
