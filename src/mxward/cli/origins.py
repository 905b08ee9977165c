"""Where a domain's stage comes from: as text and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mxward.config import Config
from mxward.model import EVERY, STORED, Rules, StageSet

__all__ = ["Origin", "day", "moment", "origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """An entry that gives a stage: `default`, `strictest`, or what it is for; and where it stands.

    `set` is there where it was set by `mxward stage`.
    """

    entry: str
    place: str | None
    set: StageSet | None = None

    def __str__(self) -> str:
        if self.set is not None:
            who = f"set by {self.set.by} on {day(self.set.at)} (mxward stage)"
            return f"{who} for all domains" if self.entry == EVERY else f"as of {self.entry}, {who}"
        match self.entry:
            case "strictest":
                return "the strictest in force for any domain"
            case "default":
                return f"the default ({self.place})" if self.place else "the default"
        return f"as of {self.entry} ({self.place})"

    def as_object(self) -> dict[str, Any]:
        """For programs; `at` is in seconds since the epoch."""
        found: dict[str, Any] = {"stage_from": self.entry, "stage_place": self.place}
        if self.set is not None:
            found["stage_place"] = "store"
            found["stage_set"] = {"by": self.set.by, "at": self.set.at, "note": self.set.note}
        return found


def origin(stage_from: str, config: Config, rules: Rules) -> Origin:
    """What `stage_from` of a decision, or of `policy.stage_of`, means."""
    if stage_from.startswith(STORED):
        entry = stage_from.removeprefix(STORED)
        return Origin(entry, None, rules.stages_set[entry])
    return Origin(stage_from, config.place_of_stage(stage_from))


def day(at: float) -> str:
    """`2026-11-20`, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def moment(at: float) -> str:
    """`2026-11-20 14:05 UTC`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
