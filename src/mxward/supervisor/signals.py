"""Signals, as something to wait for beside descriptors: none is lost, none interrupts anything."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

__all__ = ["Signals", "held_back"]

WATCHED = (
    signal.SIGCHLD,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGUSR2,
)


class _Descriptor(Protocol):
    def fileno(self) -> int: ...


class Signals:
    """Those of WATCHED come here, from when it is made. For the main thread."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        for end in (self._ours, theirs):
            end.setblocking(False)
        for number in WATCHED:
            signal.signal(number, _nothing)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)  # held back by who has started us

    def wait(self, others: Iterable[_Descriptor], seconds: float) -> list[signal.Signals]:
        """Wait for a signal, or for something to read elsewhere, so long at most."""
        select.select([self._ours, *others], [], [], max(0.0, seconds))
        came: list[signal.Signals] = []
        with suppress(BlockingIOError):
            while octets := self._ours.recv(4096):
                came += [signal.Signals(octet) for octet in octets]
        return came

    def forget(self) -> None:
        """In a child: they are nobody's business any more."""
        signal.set_wakeup_fd(-1)
        for number in WATCHED:
            signal.signal(number, signal.SIG_DFL)
        self._ours.close()
        self._theirs.close()


@contextmanager
def held_back() -> Iterator[None]:
    """No signal comes until this ends; so that a child may first forget what its parent set."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing(number: int, frame: FrameType | None) -> None:
    """A handler in Python there must be, for the wake-up."""
