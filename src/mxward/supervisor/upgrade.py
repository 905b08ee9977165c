"""Going over to the program as it is now on the disk, without a moment in which nobody listens.

First a child tries: the new program, with the same command and the same sockets, says by its exit
code whether it could serve. Only then does it take this process's place.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from socket import socket
from typing import Protocol

from mxward.supervisor.deaths import how
from mxward.supervisor.handover import HANDOVER, written
from mxward.supervisor.signals import WATCHED
from mxward.supervisor.worker import Worker

__all__ = ["Upgrade"]


class _Tell(Protocol):
    def __call__(self, event: str, *, loud: bool = False, **fields: object) -> None: ...


class Upgrade:
    """To `command`, whose first word is the path of a program."""

    def __init__(self, command: Sequence[str], tell: _Tell) -> None:
        self._command = list(command)
        self._tell = tell
        self._trying: subprocess.Popen[bytes] | None = None

    @staticmethod
    def this_command() -> list[str]:
        """The command that this process was started with."""
        return [sys.executable, *sys.orig_argv[1:]]

    def check(self, listeners: Sequence[socket]) -> None:
        """Let the new program try, beside this one; `checked` tells of its end."""
        if self._trying is not None:
            return
        descriptors = [listener.fileno() for listener in listeners]
        environ = os.environ | {HANDOVER: written(listeners, (), check=True)}
        try:
            self._trying = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, pass_fds=descriptors, env=environ
            )
        except OSError as why:
            self._refuse(f"{self._command[0]}: {why.strerror}")

    def checked(self, pid: int, status: int) -> bool:
        """A child has ended: whether it was the new program's try, and all is well."""
        if self._trying is None or pid != self._trying.pid:
            return False
        self._trying.returncode = os.waitstatus_to_exitcode(status)
        self._trying = None
        if status:
            self._refuse(f"the new program: {how(status)}; what is wrong, it has said")
        return not status

    def go(self, listeners: Sequence[socket], workers: Sequence[Worker]) -> None:
        """Be the new program; returns only where that cannot be, and all is as it was."""
        kept = [x.fileno() for x in listeners] + [x.line.fileno() for x in workers]
        environ = os.environ | {HANDOVER: written(listeners, workers)}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)  # until it can take them
        self._tell("upgrade")
        try:
            for descriptor in kept:
                os.set_inheritable(descriptor, True)
            os.execve(self._command[0], self._command, environ)  # noqa: S606 - it is this command
        except OSError as why:
            for descriptor in kept:
                os.set_inheritable(descriptor, False)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self._refuse(f"{self._command[0]}: {why.strerror}")

    def _refuse(self, why: str) -> None:
        mend = "the one that runs goes on; mend it and send SIGUSR2 again"
        self._tell("upgrade-refused", loud=True, why=why, mend=mend)
