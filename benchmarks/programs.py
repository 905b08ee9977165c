"""Programs that run to their end, and what each has used: CPU, time, memory.

CPU is user and system time of the program and of all it has waited for; memory is the most that any
one of these processes had resident. Both are the kernel's count (getrusage(2)).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.rounds import Measured

__all__ = ["Program", "Used", "in_turn", "run"]


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, with what in its environment besides ours; `feed` gives it standard input."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    feed: Callable[[], Iterable[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of CPU and of the clock on the wall, and bytes."""

    cpu: float
    wall: float
    memory: int


def run(program: Program) -> Used:
    """Run it once. Raises CalledProcessError where it fails."""
    began = time.monotonic()
    command = ["setpriv", "--pdeathsig", "KILL", *program.command]
    process = subprocess.Popen(
        command,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL if program.feed is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    if program.feed is not None and process.stdin is not None:
        with process.stdin as pipe:
            for chunk in program.feed():
                pipe.write(chunk)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall = time.monotonic() - began
    return Used(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * 1024)


def in_turn(
    programs: Sequence[Program], pairs: int, each: int, what: Callable[[Used], float]
) -> list[Measured]:
    """`what` each has used in each round; every other round goes backwards."""
    measured = {program.name: Measured(program.name, sessions=each) for program in programs}
    for number in range(pairs):
        turn: Iterable[Program] = reversed(programs) if number % 2 else programs
        for program in turn:
            measured[program.name].values.append(what(run(program)))
    return list(measured.values())
