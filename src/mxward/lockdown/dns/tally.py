"""What a plan comes to, counted while it is written, zone by zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mxward.audit.front import Standing
from mxward.lockdown.dns.dropping import Dropped
from mxward.lockdown.dns.looked import Looked, What
from mxward.lockdown.dns.staying import Stays
from mxward.lockdown.dns.steps import ORDER, Part, Way, stem

__all__ = ["MOST", "StepTally", "Tally"]

MOST = 20
"""Examples of each that are named; all are in domains.jsonl."""


@dataclass(slots=True)
class StepTally:
    """One step over all zones. `wait` is in seconds."""

    zones: int = 0
    pending: int = 0
    records: int = 0
    wait: int = 0
    folders: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """All of a plan, in numbers and examples."""

    way: Way
    steps: dict[str, StepTally] = field(default_factory=dict)
    domains: int = 0
    scanners: Counter[str] = field(default_factory=Counter)
    own: list[str] = field(default_factory=list)
    unsure: list[tuple[str, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    breaks: dict[What, list[str]] = field(default_factory=dict)  # the first of each, in words
    counts: Counter[str] = field(default_factory=Counter)
    stays: list[Stays] = field(default_factory=list)
    follows: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # what cannot be written
    differences: int = 0

    def look(self, every: Iterable[Looked]) -> None:
        """Count what domains are."""
        for looked in every:
            self.domains += 1
            if looked.standing is Standing.OWN:
                self.own.append(looked.domain)
            elif looked.unsure:
                self.unsure.append((looked.domain, looked.why))
            elif looked.why:
                self.left_out[looked.why] += 1
            elif not looked.pointing:
                self.counts["clean"] += 1
            self.scanners.update(looked.scanners)
            self.counts["leading"] += len(looked.pointing)

    def dropped(self, each: Dropped) -> None:
        """Count what becomes of a domain's names."""
        self.stays += each.stays
        self.follows += each.follows
        for use in each.uses:
            self.counts[use.what] += 1
            told = self.breaks.setdefault(use.what, [])
            if len(told) < MOST:
                told.append(use.text)

    def part(self, part: Part) -> None:
        """Count a step of a zone."""
        step = self.steps.setdefault(part.step, StepTally())
        step.zones += 1
        step.folders[stem(self.way, part)] = None
        if part.pending:
            step.pending += 1
            step.records += len(part.changes)
            step.wait = max(step.wait, part.wait)

    def ordered(self) -> list[tuple[str, StepTally]]:
        """The steps that there are, in their order."""
        return [(step, self.steps[step]) for step in ORDER[self.way] if step in self.steps]
