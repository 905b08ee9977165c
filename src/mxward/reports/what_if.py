"""What would have happened: the same rule as the live one, replayed over the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mxward.model import Stage
from mxward.reports.engine import Engine

__all__ = ["Outcome", "Stopped", "StoppedHonest", "WhatIf", "what_if"]

MOST = 1_000
"""How many lines of each list are told; the counts are of all."""


class Outcome(NamedTuple):
    """What would have been done, how often, and why."""

    door: str
    action: str
    reason: str
    recipients: int
    messages: int
    clients: int
    domains: int


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
    outcomes = engine.ask("outcomes").to_pylist()
    lost = engine.ask("honest_lost").to_pylist()[0]
    return WhatIf(
        stage=stage,
        outcomes=tuple(Outcome(**row) for row in outcomes),
        stopped=tuple(
            Stopped(**{key: value for key, value in row.items() if key != "client_key"})
            for row in engine.ask("stopped", most=most).to_pylist()
        ),
        honest=tuple(
            StoppedHonest(**row) for row in engine.ask("stopped_honest", most=most).to_pylist()
        ),
        honest_recipients=lost["recipients"],
        honest_messages=lost["messages"],
    )
