"""A real server: a program in the foreground of a room of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.integration.servers import room

_READY_WITHIN = 15.0  # seconds; each is ready in well under two
_STOPPED_WITHIN = 5.0


class ServerError(Exception):
    """A server did not do what it was told; the text holds its own words."""


class Server(ABC):
    """Started from an empty directory, ready when `start` returns, gone when `stop` does.

    `directory` is the server's /srv. It stays when the server is stopped or killed, and the next
    `start` writes the configuration anew, so attributes may change in between.
    """

    def __init__(self, directory: Path, address: str, port: int) -> None:
        self.directory = directory
        self.address = address
        self.port = port
        self._room: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def configure(self) -> list[str]:
        """Write what the server needs into its directory and return its command."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server answers one question now. May raise OSError where it does not."""

    def start(self) -> None:
        """Start, and wait until it answers. Raises ServerError."""
        room.own(self.address)
        self.directory.mkdir(parents=True, exist_ok=True)
        command = room.command(self.configure(), self.directory)
        with self._said.open("ab") as said:
            self._room = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                process_group=0,  # a Ctrl-C is for the test run, which then stops its servers
            )
        try:
            self.wait_until(self._ready, _READY_WITHIN, "it answers")
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and kill it if it takes more than 5 s."""
        if self._room is None:
            return
        try:
            os.kill(self.pid, signal.SIGTERM)
            self._room.wait(_STOPPED_WITHIN)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        self.kill()

    def kill(self) -> None:
        """Kill all its processes at once (SIGKILL), as a crash would. None is left after this."""
        if self._room is None:
            return
        try:
            # The death of a room's first process is complete when all others are gone.
            os.kill(_child(self._room.pid), signal.SIGKILL)
        except ProcessLookupError:
            self._room.kill()
        self._room.wait()
        self._room = None

    @property
    def running(self) -> bool:
        return self._room is not None and self._room.poll() is None

    @property
    def pid(self) -> int:
        """The server's first process. Its others are in the same process namespace."""
        assert self._room is not None, "not started"
        return _child(_child(self._room.pid))

    @property
    def log(self) -> str:
        """Everything it has logged so far."""
        return self._said.read_text(errors="replace") if self._said.exists() else ""

    def wait_until(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until `true()`; an OSError from it is a no. Raises ServerError after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if true():
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise ServerError(
            f"{type(self).__name__}: {seconds:.0f} s are over before {what}\n{self.log}"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _said(self) -> Path:
        return self.directory / "said"

    def _ready(self) -> bool:
        if not self.running:
            raise ServerError(f"{type(self).__name__} ended at once\n{self.log}")
        return self.answers()


def _child(parent: int) -> int:
    """The oldest child of a process. Raises ProcessLookupError where it has none."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:
        children = []
    if not children:
        raise ProcessLookupError(f"process {parent} has no child")
    return int(children[0])


def greets(address: str, port: int, first: bytes = b"") -> bool:
    """Whether an SMTP server there greets with 220, after `first` was sent."""
    with socket.create_connection((address, port), timeout=1) as connection:
        connection.sendall(first)
        greeting = connection.recv(512)
        connection.sendall(b"QUIT\r\n")
        return greeting.startswith(b"220")
