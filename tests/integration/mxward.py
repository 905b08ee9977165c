"""mxward itself, as its user runs it: `mxward serve` with a configuration file."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.servers import ServerError, room
from tests.processes import children, only_child, wait_until_gone

__all__ = ["Mxward"]

_READY_WITHIN = 20.0


class Mxward:
    """`mxward serve` on `address`:25; its configuration may change between stop and start.

    It has one worker where the configuration does not say how many.
    """

    verb = "serve"

    def __init__(self, directory: Path, address: str, configuration: str, port: int = 25) -> None:
        self.directory = directory
        self.address = address
        self.port = port
        self.configuration = configuration
        self.began = 0
        """Where the log of the last start begins."""
        self.within: tuple[str, ...] = ()
        """What stands before the command."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def path(self) -> Path:
        return self.directory / "mxward.toml"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def workers(self) -> list[int]:
        """The pids of its workers, those that are leaving included."""
        return children(self.pid)

    @property
    def worker(self) -> int:
        """The pid of its only worker."""
        return only_child(self.pid)

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def decisions(self) -> list[dict[str, str]]:
        """The decisions that were logged, each as a mapping."""
        time.sleep(0.6)  # the log is written in batches
        lines = [line for line in self.log.splitlines() if "event=decision" in line]
        return [dict(word.split("=", 1) for word in shlex.split(line)) for line in lines]

    def start(self) -> None:
        """Start, and wait until it listens. Raises ServerError with its words where it ends."""
        room.own(self.address)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write()
        with (self.directory / "log").open("ab") as log:
            self.began = log.tell()
            self._process = subprocess.Popen(
                [
                    *self.within,
                    sys.executable,
                    "-m",
                    "mxward",
                    self.verb,
                    "--config",
                    str(self.path),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": "src"},
                process_group=0,
            )
        deadline = time.monotonic() + _READY_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ServerError(f"mxward does not listen\n{self.log}")
            time.sleep(0.02)

    def write(self) -> None:
        """Write the configuration, which a reload would then put in force."""
        text = self.configuration
        if "\nworkers = " not in text:
            text = text.replace("[server]\n", "[server]\nworkers = 1\n", 1)
        self.path.write_text(text)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor alone."""
        os.kill(self.pid, number)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.address, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            code = self._process.wait(40)
        finally:
            self.kill()
        return code

    def kill(self) -> None:
        """SIGKILL, for all its processes at once."""
        if self._process is not None:
            workers = self.workers
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            wait_until_gone(workers)  # only then nobody listens there any more
            self._process = None

    def kill_supervisor(self) -> None:
        """SIGKILL for the supervisor alone; its workers end by themselves."""
        assert self._process is not None, "not started"
        self._process.kill()
        self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.kill()
