"""How a process ended, in words; and how long to wait before another takes its place."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

__all__ = ["Patience", "how"]

FIRST_PAUSE = 0.1
"""Seconds between the first death and the next start; it doubles with each death that follows."""
LONGEST_PAUSE = 30.0
LONG_LIFE = 60.0
"""Seconds after which a life counts as a good one: the next pause is the first again."""


def how(status: int) -> str:
    """What `os.waitpid` has told of an end."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            return f"killed by signal {number}"
    return f"exit code {os.waitstatus_to_exitcode(status)}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How soon a worker's place is filled again."""

    pause: float = 0.0  # seconds, before the last start
    due: float = 0.0  # when the next may start

    def after_death(self, now: float, life: float) -> Patience:
        """One has died after so many seconds."""
        short = self.pause and life < LONG_LIFE
        pause = min(self.pause * 2, LONGEST_PAUSE) if short else FIRST_PAUSE
        return Patience(pause, now + pause)
