"""Stages, their history and what came of a change: as text and as JSON."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mxward import policy
from mxward.cli.origins import day, moment, origin
from mxward.cli.proposals import LASTS, Proposal, proposals
from mxward.cli.screen import Screen
from mxward.cli.senders import Sender, joined
from mxward.cli.stage_set import Given, Outcome
from mxward.cli.word import Word
from mxward.model import EVERY, Stage, entries_for
from mxward.store.staged import Change

__all__ = [
    "as_object",
    "history_as_objects",
    "outcome_as_object",
    "show",
    "show_history",
    "show_outcome",
]

_MOST = 200
"""Rows that are shown to a person; programs get all."""


# -- how it stands ------------------------------------------------------------------------------


def show(screen: Screen, word: Word, targets: Sequence[str]) -> None:
    """The stage of these, or of all in a few lines."""
    if targets:
        told = [(_named(target), *_stage_and_origin(word, target)) for target in targets]
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
            (_named(each["for"]), each["stage"], each["said"], each["note"])
            for each in entries[:_MOST]
        ]
        screen.table(("for", "stage", "from", "note"), rows)
    if len(entries) > _MOST:
        screen.line(f"  and {len(entries) - _MOST:,} more: name them, or use --json")


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


# -- what came of a change ----------------------------------------------------------------------


def show_outcome(screen: Screen, outcome: Outcome, given: Given) -> None:
    """What is another now; what was held back, and what to do about it."""
    if outcome.changes:
        shown = outcome.changes[:_MOST]
        rows = [(_named(c.what), _stage(c.before), _stage(c.after), _marks(c)) for c in shown]
        screen.table(("for", "was", "is", ""), rows)
        if len(outcome.changes) > _MOST:
            screen.line(f"  and {len(outcome.changes) - _MOST:,} more")
    else:
        screen.line("Nothing is changed.")
    if outcome.own:
        some = " ".join(outcome.own[:10]) + (" ..." if len(outcome.own) > 10 else "")
        screen.line(f"With a stage of their own, which stays: {some}")
    if outcome.held:
        _show_held(screen, outcome, given)
    if outcome.known_since is not None and not outcome.held:
        _show_known(screen, outcome.known_since, given)


def _show_known(screen: Screen, since: float, given: Given) -> None:
    more = "" if given.logs else "; --logs LOG looks at the time before"
    if since < time.time() - 60:
        known = f"What comes by the back door is known since {day(since)} only"
    else:
        known = "Nothing is known yet of what comes by the back door"
    screen.line(f"{known}{more}.", "yellow")


def _show_held(screen: Screen, outcome: Outcome, given: Given) -> None:
    many = f"{len(outcome.held):,} domain{'s' * (len(outcome.held) > 1)}"
    done = "Set all the same, by --force" if given.force else "Held back"
    screen.line()
    screen.line(f"{done}: {many} with honest senders by the back door, not trusted", "bold yellow")
    for domain, senders in list(outcome.held.items())[:_MOST]:
        stays = "" if given.force else f" stays at {outcome.stays[domain]}"
        screen.line(f"{domain}{stays}")
        for sender in senders[:10]:
            because = "; ".join(sign.text for sign in sender.signs)
            screen.labelled("", f"{sender.client}: {sender.recipients:,} recipients; {because}")
        if len(senders) > 10:
            screen.labelled("", f"and {len(senders) - 10:,} more")
    screen.line()
    screen.line("To trust them:")
    for proposal in _proposed(outcome.held, given.by)[:_MOST]:
        screen.line(proposal.command())


def _proposed(held: Mapping[str, Sequence[Sender]], owner: str) -> list[Proposal]:
    return proposals(joined(*held.values()), owner, LASTS)


def outcome_as_object(outcome: Outcome) -> dict[str, Any]:
    """For programs."""
    return {
        "changes": history_as_objects(outcome.changes),
        "held": [
            {
                "domain": domain,
                "stage": outcome.stays[domain],
                "senders": [
                    {
                        "client": sender.client,
                        "recipients": sender.recipients,
                        "days": sender.days,
                        "last_at": sender.last_at,
                        "signs": [{"weight": w, "text": text} for w, text in sender.signs],
                    }
                    for sender in senders
                ],
            }
            for domain, senders in outcome.held.items()
        ],
        "own": list(outcome.own),
        "known_since": outcome.known_since,
    }


# -- history ------------------------------------------------------------------------------------


def show_history(screen: Screen, changes: Sequence[Change]) -> None:
    """The newest first."""
    if not changes:
        screen.line("No stage was ever set.")
        return
    rows = [
        (moment(c.at), c.by, _named(c.what), _stage(c.before), _stage(c.after), _marks(c, c.note))
        for c in changes
    ]
    screen.table(("when", "who", "for", "was", "is", "note"), rows)


def history_as_objects(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """For programs; `at` is in seconds since the epoch, None is what the configuration says."""
    return [
        {
            "id": change.id,
            "for": change.what,
            "before": change.before,
            "after": change.after,
            "at": change.at,
            "by": change.by,
            "note": change.note,
            "forced": change.forced,
            "undoes": change.undoes,
        }
        for change in changes
    ]


def _marks(change: Change, note: str = "") -> str:
    held = change.note if not note and change.note.startswith("held back") else ""
    marks = ["forced"] * change.forced + ["rolled back"] * (change.undoes is not None)
    return ", ".join(filter(None, [*marks, held, note]))


def _named(what: str) -> str:
    return "all domains" if what == EVERY else what


def _stage(stage: Stage | None) -> str:
    return "as configured" if stage is None else stage
