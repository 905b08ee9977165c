"""Setting stages and rolling them back, with what holds domains back."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from mxward import policy
from mxward.cli import guard
from mxward.cli.inquiry import Inquiry, server_of
from mxward.cli.options import fail
from mxward.cli.senders import Sender, joined, seen_by_the_proxy
from mxward.cli.word import Word, writing
from mxward.config import ConfigError, Problem, Severity, supposing
from mxward.model import EVERY, Rules, Stage, StageSet, Stored
from mxward.store.database import Store
from mxward.store.staged import Change

__all__ = ["HELD", "Given", "Outcome", "covers", "roll_back", "set_stage"]

HELD = "held back, as it was before"
"""The note of a domain that does not follow what is set for many: it does when it can."""
_DAY = 86_400.0

Wanted = dict[str, Stage | None]


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed beside the domains."""

    path: Path
    by: str
    note: str
    force: bool
    days: int
    logs: tuple[str, ...]
    zone: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has come of it. `held` has honest senders by domain, `stays` the stage that it keeps."""

    changes: tuple[Change, ...]
    held: Mapping[str, Sequence[Sender]]
    stays: Mapping[str, Stage]
    own: tuple[str, ...] = ()  # entries below that have a stage of their own, which stays
    known_since: float | None = None  # what the proxy has seen, where that matters and is not all
    problems: Sequence[Problem] = field(default=())


def covers(entry: str, domain: str) -> bool:
    """Whether what is set for an entry may be a domain's."""
    return entry in (EVERY, domain) or (entry.startswith("*.") and domain.endswith(entry[1:]))


def set_stage(word: Word, targets: Sequence[str], stage: Stage, given: Given) -> Outcome:
    """Set a stage, but not where honest mail would be lost by it.

    Raises ConfigError where the stage is not safe with this configuration, and StoreError.
    """
    problems = _judged(word, {stage})
    stages = word.rules.stages_set
    wanted: Wanted = {
        what: None
        for what, found in stages.items()
        if found.note == HELD and any(covers(target, what) for target in targets)
    }
    wanted |= dict.fromkeys(targets, stage)
    held = _held(word, wanted, given)
    notes: dict[str, str] = {}
    forced: set[str] = set()
    if given.force:
        forced = {what for what in wanted if any(covers(what, domain) for domain in held)}
    else:
        notes = _leave_out(word.rules, wanted, held)
    own = tuple(
        what
        for what in stages
        if what not in wanted and any(covers(target, what) for target in targets)
    )
    with writing(word.config) as store:
        changes = store.staged.set(
            wanted, time.time(), given.by, given.note, forced=forced, notes=notes
        )
        return Outcome(
            changes,
            held,
            _stays(word.rules, held),
            tuple(what for what in own if what not in held),
            _known_since(store, wanted, given),
            problems,
        )


def _leave_out(
    rules: Rules, wanted: Wanted, held: Mapping[str, Sequence[Sender]]
) -> dict[str, str]:
    """Let held domains keep the stage that they have; gives the notes of those that need an entry
    for it.
    """
    for domain in held:
        wanted.pop(domain, None)
    after = _rules_with(rules, wanted)
    notes = {}
    for domain in held:
        before = policy.stage_of(domain, rules)[0]
        if policy.stage_of(domain, after)[0] is not before:
            wanted[domain] = before
            notes[domain] = HELD
    return notes


def roll_back(word: Word, targets: Sequence[str], given: Given) -> Outcome:
    """Undo the last change, but not where honest mail would be lost by it.

    Raises ConfigError where the stage is not safe with this configuration, and StoreError.
    """
    with writing(word.config) as store:
        undone = store.staged.undoable(targets)
        wanted: Wanted = {change.what: change.before for change in undone}
        problems = _judged(word, {stage for stage in wanted.values() if stage})
        held = _held(word, wanted, given)
        stopped = {what for what in wanted if any(covers(what, domain) for domain in held)}
        if not given.force:
            undone = tuple(change for change in undone if change.what not in stopped)
        changes = store.staged.roll_back(
            undone, time.time(), given.by, given.note, forced=stopped if given.force else ()
        )
        stays = _stays(word.rules, held)
        return Outcome(changes, held, stays, (), _known_since(store, wanted, given), problems)


# -- what holds back ----------------------------------------------------------------------------


def _held(word: Word, wanted: Wanted, given: Given) -> dict[str, list[Sender]]:
    """The domains that must wait, with those they wait for."""
    proposed = _rules_with(word.rules, wanted)
    if not any(guard.further(Stage.OBSERVE, stage) for stage in proposed.in_force):
        return {}
    if word.store is None:
        fail(word.remark)
    senders = joined(
        seen_by_the_proxy(word.store.decided, time.time() - given.days * _DAY), _in_logs(given)
    )
    if not senders:
        return {}
    with closing(Inquiry(word.config, word.inventory)) as inquiry:
        return guard.held_back(senders, inquiry, proposed, server_of(word.config))


def _in_logs(given: Given) -> list[Sender]:
    if not given.logs:
        return []
    from mxward.cli import logs

    logs.need_reports()
    from mxward.cli.judging import judged
    from mxward.cli.senders_in_logs import seen_in_logs

    with judged(given.path, given.logs, given.zone, False, None) as told:
        if told.problems:
            fail(f"{told.problems[0]}; nothing is set, for who is honest is known in part only")
        return seen_in_logs(told)


def _rules_with(rules: Rules, wanted: Mapping[str, Stage | None]) -> Rules:
    stages = {what: found for what, found in rules.stages_set.items() if what not in wanted}
    stages |= {what: StageSet(stage, 0.0, "") for what, stage in wanted.items() if stage}
    return rules.having(Stored(rules.stored.trust, stages))


def _stays(rules: Rules, held: Collection[str]) -> dict[str, Stage]:
    return {domain: policy.stage_of(domain, rules)[0] for domain in held}


def _known_since(store: Store, wanted: Wanted, given: Given) -> float | None:
    if not any(stage and guard.further(Stage.OBSERVE, stage) for stage in wanted.values()):
        return None
    oldest, asked = store.decided.oldest(), time.time() - given.days * _DAY
    return None if oldest is not None and oldest <= asked else oldest or time.time()


def _judged(word: Word, stages: Collection[Stage]) -> Sequence[Problem]:
    """The configuration's own checks. Raises ConfigError for a mistake."""
    found = supposing.staged(word.config, stages)
    if any(problem.severity is Severity.ERROR for problem in found):
        raise ConfigError(found)
    return found
