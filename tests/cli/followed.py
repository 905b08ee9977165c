"""`mxward follow` as a process of its own, and how far it is by what it has kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Process", "followed", "read_up_to", "state_of", "wait_until"]


class Process:
    """One `mxward follow`."""

    def __init__(self, folder: Path, words: tuple[str, ...]) -> None:
        command = [sys.executable, "-m", "mxward", "follow", "--zone", "UTC", *words]
        environment = {**os.environ, "MXWARD_CONFIG": "mxward.toml"}
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self, with_signal: signal.Signals | None = signal.SIGINT) -> tuple[int, str, str]:
        """Its code, and what it has printed. Without a signal, it ends by itself."""
        if with_signal is not None:
            self._process.send_signal(with_signal)
        out, err = self._process.communicate(timeout=60)
        return self._process.returncode, out, err


@contextmanager
def followed(folder: Path, *words: str) -> Iterator[Process]:
    """One that runs; killed in the end where it has not ended."""
    process = Process(folder, words)
    try:
        yield process
    finally:
        process.kill()


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Raises AssertionError after a minute."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def state_of(folder: Path) -> dict[str, Any]:
    """What it has kept."""
    try:
        kept: dict[str, Any] = json.loads(json.loads((folder / "follow.json").read_text())["kept"])
        return kept
    except FileNotFoundError:
        return {}


def read_up_to(folder: Path, log: Path) -> Callable[[], bool]:
    """Whether it has read all that stands in a log now."""

    def read() -> bool:
        held = state_of(folder).get("logs", {}).get(str(log))
        now = [log.stat().st_ino, log.stat().st_size]
        return held is not None and held["place"] is not None and held["place"][:2] == now

    return read
