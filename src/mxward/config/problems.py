"""What is wrong with a configuration: said in one line each, with the place and the mend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mxward.config.places import KeyPath

__all__ = ["ConfigError", "Finding", "Problem", "Severity", "Sound", "note", "quoted", "warning"]


class Severity(StrEnum):
    """Whether mxward works all the same."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"  # how it is meant, and what that asks for; never counted against anybody


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `place` is `mxward.toml:12`, `text` what is wrong and what to write instead."""

    place: str
    text: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        kind = "" if self.severity is Severity.ERROR else f"{self.severity}: "
        return f"{self.place}: {kind}{self.text}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake by the key that it is about; the line is looked up when all are found."""

    path: KeyPath
    text: str
    severity: Severity = Severity.ERROR


def warning(path: KeyPath, text: str) -> Finding:
    """A finding that may stay."""
    return Finding(path, text, Severity.WARNING)


def note(path: KeyPath, text: str) -> Finding:
    """A finding that is nobody's mistake."""
    return Finding(path, text, Severity.NOTE)


class Sound(Protocol):
    """Whether nothing at or below a key was refused: `sound("server", "listen")`."""

    def __call__(self, *path: str | int) -> bool: ...


class ConfigError(Exception):
    """The configuration cannot be used; `problems` are all that were found, warnings too."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def quoted(value: object) -> str:
    """A value as TOML spells it, cut where it is long."""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return text if len(text) <= 80 else f"{text[:76]}..."
