"""What there is to read while the demo runs: lines, each with its kind, in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

__all__ = ["Kind", "Line", "Write"]


class Kind(Enum):
    """What a line is; `report` gives each its looks."""

    TITLE = "title"
    STORY = "story"
    CONFIG = "config"
    TALK = "talk"  # who talks to whom: a dialogue begins
    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"  # what a server does, unseen by the client
    LOG = "log"  # a line of mxward's own log
    VERDICT = "verdict"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and how deep: a scanner's delivery happens within the client's dialogue."""

    kind: Kind
    text: str
    depth: int = 0


Write = Callable[[Line], None]
