"""A second machine for the demo: a network of its own, with a wire to ours. Linux only."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from types import TracebackType
from typing import Self

from mxward.demo.process import DemoError

__all__ = ["Machine"]

_CLONE_NEWNET = 0x40000000


class Machine:
    """A network namespace; it ends with this object, or with us."""

    def __init__(self) -> None:
        self._keeper = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo && exec cat"],  # noqa: S607 - as PATH has it
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        if not self._keeper.stdout or not self._keeper.stdout.readline():
            raise DemoError("no network namespace can be made")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._keeper.kill()
        self._keeper.communicate()

    @property
    def within(self) -> tuple[str, ...]:
        """What stands before a command that is to be run there."""
        return ("nsenter", f"--net={self._network}", "--")

    def run(self, *command: str) -> str:
        """What a program prints there. Raises DemoError."""
        return run(*self.within, *command)

    def wire(self, here: str, there: str) -> None:
        """A wire from an interface of ours to one of this machine. Raises DemoError."""
        run(*f"ip link add {here} type veth peer name {there} netns {self._keeper.pid}".split())

    def listen(self, host: str, port: int) -> socket.socket:
        """A socket that listens there. Raises OSError."""
        ours = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        theirs = os.open(self._network, os.O_RDONLY)
        try:
            _go_to(theirs)
            return socket.create_server((host, port))
        finally:
            _go_to(ours)
            os.close(ours)
            os.close(theirs)

    @property
    def _network(self) -> str:
        return f"/proc/{self._keeper.pid}/ns/net"


def run(*command: str) -> str:
    """What a program prints. Raises DemoError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise DemoError(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise DemoError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _go_to(network: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(network, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")
