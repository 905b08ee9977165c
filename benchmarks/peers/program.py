"""A server that is a Python program of this environment, not one of Debian's: it needs no room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.servers import ServerError, room
from tests.integration.servers.server import greets

__all__ = ["Program"]

_READY_WITHIN = 30.0


class Program(ABC):
    """Started when entered, gone afterwards, also when the process that started it is killed."""

    def __init__(self, directory: Path, address: str, port: int = 25) -> None:
        self.directory = directory
        self.address = address
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def configure(self) -> list[str]:
        """Write what it needs into its directory and return what follows after `python`."""

    @property
    def pid(self) -> int:
        return self._running().pid

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError(f"{type(self).__name__} is not started")
        return self._process

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        room.own(self.address)
        self.directory.mkdir(parents=True, exist_ok=True)
        command = ["setpriv", "--pdeathsig", "KILL", sys.executable, *self.configure()]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # a Ctrl-C is for the benchmark, which then stops its servers
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._end()

    def answers(self) -> bool:
        """Whether it answers now. May raise OSError where it does not."""
        return greets(self.address, self.port)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self._running().poll() is None:
            try:
                if self.answers():
                    return
            except OSError:
                time.sleep(0.02)
        raise ServerError(f"{type(self).__name__} does not answer\n{self.log}")

    def _end(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
