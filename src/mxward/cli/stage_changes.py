"""What came of a change of stages, and their history: as text and as JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mxward.cli.origins import day, moment
from mxward.cli.proposals import LASTS, Proposal, proposals
from mxward.cli.screen import Screen
from mxward.cli.senders import Sender, joined
from mxward.cli.stage_set import Given, Outcome
from mxward.cli.stage_shown import MOST, named
from mxward.model import Stage
from mxward.store.staged import Change

__all__ = ["history_as_objects", "outcome_as_object", "show_history", "show_outcome"]


def show_outcome(screen: Screen, outcome: Outcome, given: Given) -> None:
    """What is another now; what was held back, and what to do about it."""
    if outcome.changes:
        shown = outcome.changes[:MOST]
        rows = [(named(c.what), _stage(c.before), _stage(c.after), _marks(c)) for c in shown]
        screen.table(("for", "was", "is", ""), rows)
        if len(outcome.changes) > MOST:
            screen.line(f"  and {len(outcome.changes) - MOST:,} more")
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
    for domain, senders in list(outcome.held.items())[:MOST]:
        stays = "" if given.force else f" stays at {outcome.stays[domain]}"
        screen.line(f"{domain}{stays}")
        for sender in senders[:10]:
            because = "; ".join(sign.text for sign in sender.signs)
            screen.labelled("", f"{sender.client}: {sender.recipients:,} recipients; {because}")
        if len(senders) > 10:
            screen.labelled("", f"and {len(senders) - 10:,} more")
    screen.line()
    screen.line("To trust them:")
    for proposal in _proposed(outcome.held, given.by)[:MOST]:
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
        (moment(c.at), c.by, named(c.what), _stage(c.before), _stage(c.after), _marks(c, c.note))
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


def _stage(stage: Stage | None) -> str:
    return "as configured" if stage is None else stage
