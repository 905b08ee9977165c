"""What a new program needs to go on where the old one was: an upgrade in place.

The process stays the same, and so do its children and its open descriptors; what they are stands in
one environment variable. With `check`, a new program is only to say whether it could.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field

from mxward.supervisor.duties import State
from mxward.supervisor.line import Line
from mxward.supervisor.listening import adopt
from mxward.supervisor.worker import Worker

__all__ = ["HANDOVER", "Handover", "given", "written"]

HANDOVER = "MXWARD_HANDOVER"
FORMER = -1
"""The generation of all workers that another program has hired."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What was handed over; nothing at an ordinary start."""

    check: bool = False
    listeners: list[socket.socket] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)


def written(
    listeners: Iterable[socket.socket], workers: Iterable[Worker], *, check: bool = False
) -> str:
    """The variable's value."""
    return json.dumps(
        {
            "check": check,
            "listeners": [listener.fileno() for listener in listeners],
            "workers": [[w.pid, w.seat, w.state, w.line.fileno(), w.since] for w in workers],
        }
    )


def given(environ: MutableMapping[str, str]) -> Handover:
    """What the former program has handed over, taken out of the environment."""
    text = environ.pop(HANDOVER, "")
    if not text:
        return Handover()
    found = json.loads(text)
    listeners = [adopt(descriptor) for descriptor in found["listeners"]]
    workers = []
    for pid, seat, state, descriptor, since in found["workers"]:
        os.set_inheritable(descriptor, False)
        line = Line(socket.socket(fileno=descriptor))
        workers.append(Worker(pid, None, seat, FORMER, line, since, State(state)))
    return Handover(found["check"], listeners, workers)
