"""Without the packages of an extra: one line that says which, and `serve` needs none of them."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import mxward

SITE = Path(sysconfig.get_path("purelib"))
SOURCE = Path(mxward.__file__).parents[1]


def run(folder: Path, *words: str, without: str) -> subprocess.CompletedProcess[str]:
    """mxward by a Python that has all packages but one."""
    for entry in SITE.iterdir():
        if entry.name.partition("-")[0].partition(".")[0] not in (without, f"_{without}"):
            (folder / entry.name).symlink_to(entry)
    return subprocess.run(
        [sys.executable, "-S", "-m", "mxward", *words],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}:{folder}"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("words", "without", "extra"),
    [
        ("report mainlog", "duckdb", "reports"),
        ("report --what-if refuse mainlog", "pyarrow", "reports"),
        ("compare mainlog", "duckdb", "reports"),
        ("trust suggest mainlog", "duckdb", "reports"),
        ("ingest mainlog --to table", "pyarrow", "reports"),
        ("report --cluster sc://127.0.0.1 table", "pyspark", "spark"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, words: str, without: str, extra: str) -> None:
    done = run(tmp_path, *words.split(), without=without)
    assert (done.returncode, done.stdout) == (1, "")
    mend = f"pip install 'mxward[{extra}]'"
    assert done.stderr == f"mxward: {without} is missing; install it with: {mend}\n"


@pytest.mark.parametrize("without", ["duckdb", "pyarrow"])
@pytest.mark.parametrize("command", ["serve", "policyd", "audit", "explain"])
def test_who_runs_the_proxy_needs_none_of_it(tmp_path: Path, command: str, without: str) -> None:
    done = run(tmp_path, command, "--help", without=without)
    assert (done.returncode, done.stderr) == (0, "")
