"""A worker process: how it is born, and what the supervisor knows of it."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import socket

from mxward.supervisor.duties import State
from mxward.supervisor.line import Line, pair
from mxward.supervisor.signals import Signals, held_back

__all__ = ["Post", "Worker", "hire"]


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker is given. `row` is its own in what all processes see; `seat` is its number."""

    row: int
    seat: int
    again: bool  # somebody sat there before
    listeners: Sequence[socket]
    line: Line


@dataclass(slots=True)
class Worker:
    """One that was hired. `row` is None where another program has hired it."""

    pid: int
    row: int | None
    seat: int
    generation: int
    line: Line
    since: float
    state: State = State.STARTING


def hire(
    post: Callable[[Line], Post],
    work: Callable[[Post], int],
    generation: int,
    colleagues: Sequence[Worker],
    signals: Signals,
    now: float,
) -> Worker:
    """Fork a process that works and then ends. Raises OSError where there can be no more."""
    ours, theirs = pair()
    given = post(theirs)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # what is here now is shared with the child as long as nobody writes it
    with held_back():
        try:
            pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if not pid:
            signals.forget()
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    if not pid:
        for line in (ours, *(colleague.line for colleague in colleagues)):
            line.close()
        _end(work, given)
    theirs.close()
    gc.unfreeze()
    return Worker(pid, given.row, given.seat, generation, ours, now)


def _end(work: Callable[[Post], int], post: Post) -> None:
    """Work, and leave without what the supervisor would do at its end."""
    code = 1
    try:
        code = work(post)
    except BaseException:  # noqa: BLE001 - a child must never go on as if it were its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
