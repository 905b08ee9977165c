"""What would have happened: the same rule as the live one, replayed over the past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from mxward.model import Action, Stage
from mxward.reports.engine import Engine

__all__ = ["MOST", "Outcome", "Stopped", "StoppedHonest", "WhatIf", "what_if"]

MOST = 1_000
"""How many lines of each list are told; the counts are of all."""


class Outcome(NamedTuple):
    """What would have been done, how often, and why. None: it would have passed."""

    door: str
    action: str
    reason: str
    recipients: int
    messages: int | None
    clients: int | None
    domains: int | None


class Stopped(NamedTuple):
    """What would not have passed of one client's mail for one domain."""

    client: str
    domain: str
    action: str
    reason: str
    recipients: int
    messages: int
    first_at: datetime
    last_at: datetime


class StoppedHonest(NamedTuple):
    """One recipient of one message of a client that looks honest."""

    arrived_at: datetime
    client: str
    name: str | None
    helo: str | None
    sender: str | None
    recipient: str
    size: int | None
    message: str | None
    action: str
    reason: str
    mx_failed: bool | None  # came after look-ups of the MX had failed; None is not asked
    host: str | None
    log: str
    line: int


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The past under one stage for every domain."""

    stage: Stage
    outcomes: tuple[Outcome, ...]
    stopped: tuple[Stopped, ...]  # the largest, MOST of them
    honest: tuple[StoppedHonest, ...]  # the first, MOST of them
    honest_recipients: int
    honest_messages: int

    def of(self, action: str) -> int:
        """For how many recipients something would have been done."""
        return sum(o.recipients for o in self.outcomes if o.action == action)


def what_if(engine: Engine, stage: Stage, most: int = MOST) -> WhatIf:
    """Ask what would have been stopped, once `judged` is by the rules of that stage and `honest`
    is lent. Raises EngineError.
    """
    lost = engine.ask("lost").to_pylist()
    messages: Counter[tuple[str, ...]] = Counter()
    for row in lost:
        messages[row["door"], row["action"], row["reason"]] += row["messages"]
    honest = [row for row in lost if row["honest"]]
    return WhatIf(
        stage=stage,
        outcomes=tuple(_outcome(row, messages) for row in engine.ask("outcomes").to_pylist()),
        stopped=tuple(Stopped(**row) for row in engine.ask("stopped", most=most).to_pylist()),
        honest=tuple(
            StoppedHonest(**row) for row in engine.ask("stopped_honest", most=most).to_pylist()
        ),
        honest_recipients=sum(row["recipients"] for row in honest),
        honest_messages=sum(row["messages"] for row in honest),
    )


def _outcome(row: dict[str, Any], messages: Mapping[tuple[str, ...], int]) -> Outcome:
    """A message has one client, and that is honest or not; so its messages are counted once."""
    done = (row["door"], row["action"], row["reason"])
    if row["action"] == Action.PASS:
        return Outcome(*done, row["recipients"], None, None, None)
    return Outcome(*done, row["recipients"], messages[done], row["clients"], row["domains"])
