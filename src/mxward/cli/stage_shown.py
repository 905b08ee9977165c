"""How far domains have come: as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from mxward import policy
from mxward.cli.origins import day, origin
from mxward.cli.screen import Screen
from mxward.cli.word import Word
from mxward.model import EVERY, Stage, entries_for

__all__ = ["MOST", "as_object", "named", "show"]

MOST = 200
"""Rows that are shown to a person; programs get all."""


def show(screen: Screen, word: Word, targets: Sequence[str]) -> None:
    """The stage of these, or of all in a few lines."""
    if targets:
        told = [(named(target), *_stage_and_origin(word, target)) for target in targets]
        screen.table(("domain", "stage", "from"), told)
        return
    screen.labelled("others", ", ".join(map(str, _stage_and_origin(word, EVERY))))
    counts = _counts(word)
    by_stage = ", ".join(f"{count:,} {stage}" for stage, count in counts.items())
    screen.labelled("domains", f"{sum(counts.values()):,}: {by_stage}" if counts else "none")
    entries = list(_entries(word))
    if entries:
        screen.line()
        rows = [
            (named(each["for"]), each["stage"], each["said"], each["note"])
            for each in entries[:MOST]
        ]
        screen.table(("for", "stage", "from", "note"), rows)
    if len(entries) > MOST:
        screen.line(f"  and {len(entries) - MOST:,} more: name them, or use --json")


def as_object(word: Word, targets: Sequence[str]) -> dict[str, Any]:
    """The same for programs."""
    if targets:
        return {"domains": [_target_object(word, target) for target in targets]}
    entries = [
        {key: each[key] for key in ("for", "stage", "place", "set", "in_force")}
        for each in _entries(word)
    ]
    return {"others": _target_object(word, EVERY), "domains": _counts(word), "entries": entries}


def _stage_and_origin(word: Word, target: str) -> tuple[Stage, str]:
    stage, stage_from = policy.stage_of(target, word.rules)
    return stage, str(origin(stage_from, word.config, word.rules))


def _target_object(word: Word, target: str) -> dict[str, Any]:
    stage, stage_from = policy.stage_of(target, word.rules)
    found = origin(stage_from, word.config, word.rules)
    return {"domain": target, "stage": stage, **found.as_object()}


def _counts(word: Word) -> dict[str, int]:
    """Domains of the inventory by their stage."""
    found = Counter(policy.stage_of(domain, word.rules)[0] for domain in word.inventory)
    return {stage.value: found[stage] for stage in Stage if found[stage]}


def _entries(word: Word) -> Iterator[dict[str, Any]]:
    """All that is set, in the store and in the configuration."""
    stored = word.rules.stages_set
    for what, found in sorted(stored.items()):
        said = f"set by {found.by} on {day(found.at)}"
        made = {"by": found.by, "at": found.at, "note": found.note}
        yield {
            "for": what,
            "stage": found.stage,
            "said": said,
            "note": found.note,
            "place": None,
            "set": made,
            "in_force": True,
        }
    for what, stage in word.config.stages.by_domain().items():
        place = word.config.place_of_stage(what)
        in_force = EVERY not in stored and not any(each in stored for each in entries_for(what))
        yield {
            "for": what,
            "stage": stage,
            "said": f"{place}{'' if in_force else ', not in force'}",
            "note": "",
            "place": place,
            "set": None,
            "in_force": in_force,
        }


def named(what: str) -> str:
    """What a stage is for, in words."""
    return "all domains" if what == EVERY else what
