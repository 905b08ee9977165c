"""What a way writes: files, and what the operator does with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Step", "Written"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the operator does: in words, and as commands for a root shell, or another."""

    what: str
    commands: tuple[str, ...] = ()
    language: str = "sh"


@dataclass(frozen=True, slots=True)
class Written:
    """Files by their names (relative, with `/`), and the steps in order."""

    title: str  # of the README: `Accept rules for Exim`
    files: Mapping[str, str | bytes]
    apply: tuple[Step, ...]
    check: tuple[Step, ...]
    roll_back: tuple[Step, ...]
    know: tuple[str, ...] = ()  # what must be known before: paragraphs
    also: Mapping[str, str] = field(default_factory=dict)  # more sections of the README, by title
    unmet: tuple[str, ...] = ()  # what a program's own configuration lacks: told by --check
